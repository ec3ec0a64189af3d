/*-------------------------------------------------------------------------
 *
 * fiscal_code.h
 *	  Italian fiscal codes of persons and numbers of organizations.
 *
 * See fiscal_code.c for the argument.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BASE_FISCAL_CODE_H
#define ION_BASE_FISCAL_CODE_H

#include "base/pure.h"

#define ION_FISCAL_CODE_LEN		16
#define ION_VAT_NUMBER_LEN		11

typedef enum IonFiscalCodeVerdict
{
	ION_FISCAL_CODE_VALID = 0,
	ION_FISCAL_CODE_BAD_LENGTH, /* not 16 bytes */
	ION_FISCAL_CODE_BAD_SHAPE,	/* a byte that its place does not allow */
	ION_FISCAL_CODE_BAD_DAY,	/* day of birth not in 1..31 or 41..71 */
	ION_FISCAL_CODE_BAD_CHECK	/* the check character does not match */
} IonFiscalCodeVerdict;

/*
 * Judge the len bytes at s (no zero needed), which must be in upper case.
 * Without check_character only length and shape count, as IO itself does;
 * with it the day of birth and the check character count too, except for
 * sandbox codes and IO's test code.
 */
extern IonFiscalCodeVerdict ion_fiscal_code_check(const char *s, size_t len,
												  bool check_character);

/* What is wrong, for an error's detail; static, never NULL, names no value. */
extern const char *ion_fiscal_code_verdict_text(IonFiscalCodeVerdict verdict);

/*
 * True for the 11 digits of a Partita IVA whose last one is the right check
 * digit.  Eleven zeros satisfy the arithmetic and belong to nobody: false.
 */
extern bool ion_vat_number_valid(const char *s);

#endif							/* ION_BASE_FISCAL_CODE_H */
