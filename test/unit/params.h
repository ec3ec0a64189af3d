/*
 * params.h
 *	  What the tests of declared parameters share.
 */
#ifndef ION_TEST_PARAMS_H
#define ION_TEST_PARAMS_H

#include "render/param_type.h"

#include "tap.h"

static inline IonValue *
json(const char *text)
{
	const char *error;
	IonValue   *value = ion_json_parse(text, strlen(text), &error);

	if (value == NULL)
		printf("# %.60s: %s\n", text, error);
	return value;
}

static inline IonParamSet *
set_of(const char *declaration)
{
	const char *error;
	IonParamSet *set = ion_param_declare(json(declaration), &error);

	if (set == NULL)
		printf("# %s: %s\n", declaration, error);
	return set;
}

/* "fits", or the problem. */
static inline const char *
checked(const char *declaration, const char *params)
{
	StringInfoData problem;
	bool		fits;

	initStringInfo(&problem);
	appendStringInfoString(&problem, "kept ");
	fits = ion_param_check(set_of(declaration), params ? json(params) : NULL, &problem);
	if (strncmp(problem.data, "kept ", 5) != 0 || fits != (problem.len == 5))
		return "a problem and no failure, or the other way round";
	return fits ? "fits" : problem.data + 5;
}

#endif							/* ION_TEST_PARAMS_H */
