/*-------------------------------------------------------------------------
 *
 * bare_client.c
 *	  POST to a URL as fast as libcurl can: the reference of P1 and P4.
 *
 * It does nothing but the requests: one curl_multi_poll loop over a fixed pool
 * of easy handles, each added again as soon as it is done, keep-alive, no
 * signing, no record.  With --serial one easy handle sends one request after
 * another and the round trips are reported.
 *
 *	  bare_client URL REQUESTS [--connections 50] [--bytes 300] [--serial]
 *				  [--gap-us N]
 *
 * Prints one JSON object.  Exits 1 when any request was not answered 2xx, for
 * a rate that counts failures says nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "samples.h"

#include <curl/curl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1000
#define BYTES_MAX		(1024 * 1024)

static const char *url;
static long requests;
static long connections = 50;
static long bytes = 300;
static long gap_us = 0;
static bool serial = false;

static char *body;
static struct curl_slist *headers;
static long failed;

static size_t
discard(char *data, size_t size, size_t count, void *arg)
{
	(void) data;
	(void) arg;
	return size * count;
}

static CURL *
new_handle(void)
{
	CURL	   *easy = curl_easy_init();

	if (easy == NULL)
	{
		fputs("bare_client: curl_easy_init failed\n", stderr);
		exit(1);
	}
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, bytes);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, 30L);
	return easy;
}

static void
judge(CURL *easy, CURLcode result)
{
	long		code = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
	if (result != CURLE_OK || code < 200 || code > 299)
		failed++;
}

/* One request after another on one connection; fills the round trips. */
static void
run_serial(uint64_t *round_trips)
{
	CURL	   *easy = new_handle();

	for (long i = 0; i < requests; i++)
	{
		uint64_t	start;

		if (gap_us > 0)
			usleep((useconds_t) gap_us);
		start = samples_now_ns();
		judge(easy, curl_easy_perform(easy));
		round_trips[i] = samples_now_ns() - start;
	}
	curl_easy_cleanup(easy);
}

static void
run_parallel(void)
{
	CURLM	   *multi = curl_multi_init();
	CURL	   *pool[CONNECTIONS_MAX];
	long		started = 0;
	long		done = 0;

	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
	for (long i = 0; i < connections; i++)
	{
		pool[i] = new_handle();
		if (started < requests)
		{
			curl_multi_add_handle(multi, pool[i]);
			started++;
		}
	}
	while (done < requests)
	{
		int			running;
		int			left;
		CURLMsg    *message;

		curl_multi_perform(multi, &running);
		while ((message = curl_multi_info_read(multi, &left)) != NULL)
		{
			CURL	   *easy = message->easy_handle;

			judge(easy, message->data.result);
			done++;
			curl_multi_remove_handle(multi, easy);
			if (started < requests)
			{
				curl_multi_add_handle(multi, easy);
				started++;
			}
		}
		if (done < requests)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	for (long i = 0; i < connections; i++)
		curl_easy_cleanup(pool[i]);
	curl_multi_cleanup(multi);
}

static void
usage(void)
{
	fputs("usage: bare_client URL REQUESTS [--connections N] [--bytes N] "
		  "[--serial] [--gap-us N]\n", stderr);
	exit(2);
}

static void
parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{"connections", required_argument, NULL, 'c'},
		{"bytes", required_argument, NULL, 'b'},
		{"serial", no_argument, NULL, 's'},
		{"gap-us", required_argument, NULL, 'g'},
		{NULL, 0, NULL, 0}
	};
	int			option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
	{
		if (option == 'c')
			connections = atol(optarg);
		else if (option == 'b')
			bytes = atol(optarg);
		else if (option == 's')
			serial = true;
		else if (option == 'g')
			gap_us = atol(optarg);
		else
			usage();
	}
	if (argc - optind != 2)
		usage();
	url = argv[optind];
	requests = atol(argv[optind + 1]);
	if (requests < 1 || connections < 1 || connections > CONNECTIONS_MAX ||
		bytes < 0 || bytes > BYTES_MAX || gap_us < 0)
		usage();
}

int
main(int argc, char **argv)
{
	uint64_t   *round_trips;
	uint64_t	start;
	double		seconds;
	double		cpu;
	struct rusage used;

	parse_options(argc, argv);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	body = malloc((size_t) bytes + 1);
	round_trips = malloc((size_t) requests * sizeof(*round_trips));
	if (body == NULL || round_trips == NULL)
	{
		fputs("bare_client: out of memory\n", stderr);
		free(body);
		free(round_trips);
		return 1;
	}
	memset(body, 'x', (size_t) bytes);
	headers = curl_slist_append(NULL, "Content-Type: application/json");
	headers = curl_slist_append(headers, "Expect:");

	start = samples_now_ns();
	if (serial)
		run_serial(round_trips);
	else
		run_parallel();
	seconds = (double) (samples_now_ns() - start) / 1e9;

	getrusage(RUSAGE_SELF, &used);
	cpu = (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
		(double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
	printf("{\"requests\": %ld, \"failed\": %ld, \"seconds\": %.6f, "
		   "\"per_second\": %.1f, \"cpu_us\": %.2f", requests, failed, seconds,
		   (double) requests / seconds, cpu / (double) requests);
	if (serial)
	{
		samples_sort(round_trips, (size_t) requests);
		printf(", \"p50_us\": %.1f, \"p99_us\": %.1f",
			   samples_percentile_us(round_trips, (size_t) requests, 50),
			   samples_percentile_us(round_trips, (size_t) requests, 99));
	}
	puts("}");
	curl_slist_free_all(headers);
	free(round_trips);
	free(body);
	curl_global_cleanup();
	return failed == 0 ? 0 : 1;
}
