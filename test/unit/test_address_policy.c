/* units: src/net/address_policy.c */
/*
 * test_address_policy.c
 *	  Every refused range at both its ends, its public neighbours, and the
 *	  spellings that hide a private address.
 */
#include "base/pure.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "net/address_policy.h"
#include "tap.h"

typedef struct Case
{
	const char *address;
	const char *why;			/* how the reason begins; NULL when public */
} Case;

static const Case cases[] = {
	{"0.0.0.0", "0.0.0.0/8"}, {"0.255.255.255", "0.0.0.0/8"}, {"1.0.0.0", NULL},
	{"9.255.255.255", NULL}, {"10.0.0.0", "10.0.0.0/8"},
	{"10.255.255.255", "10.0.0.0/8"}, {"11.0.0.0", NULL},
	{"100.63.255.255", NULL}, {"100.64.0.0", "100.64.0.0/10"},
	{"100.127.255.255", "100.64.0.0/10"}, {"100.128.0.0", NULL},
	{"126.255.255.255", NULL}, {"127.0.0.0", "127.0.0.0/8"},
	{"127.255.255.255", "127.0.0.0/8"}, {"128.0.0.0", NULL},
	{"169.253.255.255", NULL}, {"169.254.0.0", "169.254.0.0/16"},
	{"169.254.169.254", "169.254.0.0/16"},
	{"169.254.255.255", "169.254.0.0/16"}, {"169.255.0.0", NULL},
	{"172.15.255.255", NULL}, {"172.16.0.0", "172.16.0.0/12"},
	{"172.31.255.255", "172.16.0.0/12"}, {"172.32.0.0", NULL},
	{"191.255.255.255", NULL}, {"192.0.0.0", "192.0.0.0/24"},
	{"192.0.0.255", "192.0.0.0/24"}, {"192.0.1.0", NULL},
	{"192.0.2.0", "192.0.2.0/24"}, {"192.0.2.255", "192.0.2.0/24"},
	{"192.0.3.0", NULL},
	{"192.88.98.255", NULL}, {"192.88.99.0", "192.88.99.0/24"},
	{"192.88.99.255", "192.88.99.0/24"}, {"192.88.100.0", NULL},
	{"192.167.255.255", NULL}, {"192.168.0.0", "192.168.0.0/16"},
	{"192.168.255.255", "192.168.0.0/16"}, {"192.169.0.0", NULL},
	{"198.17.255.255", NULL}, {"198.18.0.0", "198.18.0.0/15"},
	{"198.19.255.255", "198.18.0.0/15"}, {"198.20.0.0", NULL},
	{"198.51.99.255", NULL}, {"198.51.100.0", "198.51.100.0/24"},
	{"198.51.100.255", "198.51.100.0/24"}, {"198.51.101.0", NULL},
	{"203.0.112.255", NULL}, {"203.0.113.0", "203.0.113.0/24"},
	{"203.0.113.255", "203.0.113.0/24"}, {"203.0.114.0", NULL},
	{"223.255.255.255", NULL}, {"224.0.0.0", "224.0.0.0/4"},
	{"239.255.255.255", "224.0.0.0/4"}, {"240.0.0.0", "240.0.0.0/4"},
	{"255.255.255.255", "240.0.0.0/4"},
	{"8.8.8.8", NULL}, {"93.184.216.34", NULL},

	{"::", "::/128"}, {"::1", "::1/128"}, {"::2", "::/96"},
	{"::127.0.0.1", "::/96"}, {"::8.8.8.8", "::/96"},
	{"::1:0:0:0", "outside 2000::/3"},
	{"::ffff:127.0.0.1", "127.0.0.0/8"}, {"::ffff:10.1.2.3", "10.0.0.0/8"},
	{"::ffff:0.0.0.0", "0.0.0.0/8"}, {"::ffff:8.8.8.8", NULL},
	{"::ffff:7f00:1", "127.0.0.0/8"},
	{"::fffe:8.8.8.8", "outside 2000::/3"},
	{"::ffff:0:127.0.0.1", "outside 2000::/3"},
	{"64:ff9b::10.0.0.1", "10.0.0.0/8"},
	{"64:ff9b::169.254.169.254", "169.254.0.0/16"},
	{"64:ff9b::8.8.8.8", NULL},
	{"64:ff9b::1:8.8.8.8", "outside 2000::/3"},
	{"64:ff9b:1::", "64:ff9b:1::/48"},
	{"64:ff9b:1:ffff:ffff:ffff:8.8.8.8", "64:ff9b:1::/48"},
	{"64:ff9b:2::", "outside 2000::/3"},
	{"100::", "100::/64"}, {"100::ffff:ffff:ffff:ffff", "100::/64"},
	{"100:0:0:1::", "outside 2000::/3"},
	{"1fff:ffff::1", "outside 2000::/3"}, {"2000::1", NULL},
	{"2001::", "2001::/32"}, {"2001:0:ffff::1", "2001::/32"},
	{"2001:1::", "2001::/23"}, {"2001:1ff:ffff::", "2001::/23"},
	{"2001:200::", NULL}, {"2001:4860:4860::8888", NULL},
	{"2001:db7:ffff::1", NULL}, {"2001:db8::", "2001:db8::/32"},
	{"2001:db8:ffff:ffff::1", "2001:db8::/32"}, {"2001:db9::", NULL},
	{"2001:ffff::1", NULL},
	{"2002:7f00:1::", "127.0.0.0/8"}, {"2002:a00:1::1", "10.0.0.0/8"},
	{"2002:c0a8:101:1::1", "192.168.0.0/16"}, {"2002:808:808::", NULL},
	{"2003::1", NULL}, {"2a00:1450:4002::200e", NULL},
	{"3fff::1", "3fff::/20"}, {"3fff:fff:ffff::", "3fff::/20"},
	{"3fff:1000::", NULL}, {"3ffe::1", NULL},
	{"4000::", "outside 2000::/3"},
	{"5f00::", "5f00::/16"}, {"5f00:ffff::1", "5f00::/16"},
	{"5f01::", "outside 2000::/3"},
	{"fbff::1", "outside 2000::/3"}, {"fc00::", "fc00::/7"},
	{"fd12:3456:789a::1", "fc00::/7"}, {"fdff:ffff::1", "fc00::/7"},
	{"fe00::1", "outside 2000::/3"}, {"fe80::", "fe80::/10"},
	{"fe80::1", "fe80::/10"}, {"febf:ffff::1", "fe80::/10"},
	{"fec0::1", "fec0::/10"}, {"feff:ffff::1", "fec0::/10"},
	{"ff00::", "ff00::/8"}, {"ff02::1", "ff00::/8"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ff00::/8"}
};

/*
 * Spellings of private addresses a URL may use; the resolver understands them
 * all, and the policy must refuse each one.
 */
static const char *const disguises[] = {
	"127.0.0.1", "2130706433", "0x7f000001", "017700000001", "127.1",
	"0x7f.1", "0177.0.0.1", "0x7f.0x0.0x0.0x1", "127.0.1", "0",
	"0.0.0.0", "0xA9FEA9FE", "2852039166", "::ffff:127.0.0.1", "::",
	"::1", "::ffff:7f00:0001", "64:ff9b::7f00:1", "0300.0250.0.1",
	"fe80::1%1"
};

static void
check_case(const Case *c)
{
	union
	{
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	}			a;
	socklen_t	len;
	const char *why = "unset";
	bool		got;

	memset(&a, 0, sizeof(a));
	if (inet_pton(AF_INET, c->address, &a.in4.sin_addr) == 1)
	{
		a.sa.sa_family = AF_INET;
		len = sizeof(a.in4);
	}
	else if (inet_pton(AF_INET6, c->address, &a.in6.sin6_addr) == 1)
	{
		a.sa.sa_family = AF_INET6;
		len = sizeof(a.in6);
	}
	else
	{
		ok(false, "%s is an address", c->address);
		return;
	}
	got = ion_address_is_private(&a.sa, len, &why);
	ok(got == (c->why != NULL), "%s is %s", c->address,
	   c->why ? "private" : "public");
	if (c->why == NULL)
		ok(why == NULL, "%s: no reason", c->address);
	else
		ok(why != NULL && strncmp(why, c->why, strlen(c->why)) == 0 &&
		   why[strlen(c->why)] == ':', "%s: %s", c->address, c->why);
	ok(ion_address_is_private(&a.sa, len, NULL) == got,
	   "%s: the reason is optional", c->address);
	ok(ion_address_text_is_private(c->address) == got,
	   "%s: as text the same", c->address);
}

static void
check_disguise(const char *host)
{
	struct addrinfo hints;
	struct addrinfo *found = NULL;

	memset(&hints, 0, sizeof(hints));
	hints.ai_flags = AI_NUMERICHOST;
	hints.ai_socktype = SOCK_STREAM;
	if (!is_int(getaddrinfo(host, "80", &hints, &found), 0, host))
		return;
	for (struct addrinfo *a = found; a != NULL; a = a->ai_next)
		ok(ion_address_is_private(a->ai_addr, a->ai_addrlen, NULL),
		   "%s is refused", host);
	freeaddrinfo(found);
}

static void
check_unjudgeable(void)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	char		shifted[sizeof(struct sockaddr_in6) + 1];
	const char *why = NULL;

	memset(&in4, 0, sizeof(in4));
	in4.sin_family = AF_INET;
	inet_pton(AF_INET, "8.8.8.8", &in4.sin_addr);
	ok(ion_address_is_private(NULL, sizeof(in4), &why), "no address");
	is_str(why, "no address", "and why");
	ok(ion_address_is_private((struct sockaddr *) &in4, 0, NULL), "length 0");
	ok(ion_address_is_private((struct sockaddr *) &in4, 1, NULL), "length 1");
	ok(ion_address_is_private((struct sockaddr *) &in4, sizeof(in4) - 1, NULL),
	   "an IPv4 address cut short");
	ok(!ion_address_is_private((struct sockaddr *) &in4, sizeof(in4), NULL),
	   "whole it is public");

	memset(&in6, 0, sizeof(in6));
	in6.sin6_family = AF_INET6;
	inet_pton(AF_INET6, "2a00:1450::1", &in6.sin6_addr);
	ok(ion_address_is_private((struct sockaddr *) &in6, sizeof(in4), NULL),
	   "an IPv6 address cut short");
	memcpy(shifted + 1, &in6, sizeof(in6));
	ok(!ion_address_is_private((struct sockaddr *) (void *) (shifted + 1),
							   sizeof(in6), NULL), "unaligned memory is read");

	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	ok(ion_address_is_private((struct sockaddr *) &un, sizeof(un), &why),
	   "a Unix socket");
	is_str(why, "not an Internet address", "and why");
}

static void
check_text(void)
{
	char		longest[200];

	ok(!ion_address_text_is_private("[2a00:1450::1]"), "brackets, public");
	ok(ion_address_text_is_private("[::1]"), "brackets, private");
	ok(ion_address_text_is_private("fe80::1%eth0"), "scope id");
	ok(ion_address_text_is_private("[fe80::1%25eth0]"), "scope id in brackets");
	ok(!ion_address_text_is_private("2a00:1450::1%eth0"),
	   "a scope id does not matter");
	ok(ion_address_text_is_private(NULL), "NULL");
	ok(ion_address_text_is_private(""), "empty");
	ok(ion_address_text_is_private("[]"), "empty brackets");
	ok(ion_address_text_is_private("["), "one bracket");
	ok(ion_address_text_is_private("[8.8.8.8"), "unbalanced bracket");
	ok(ion_address_text_is_private("example.it"), "a name");
	ok(ion_address_text_is_private("8.8.8.8 "), "a trailing space");
	ok(ion_address_text_is_private("134744072"), "a number");
	ok(ion_address_text_is_private("8.8.8"), "three parts");
	ok(ion_address_text_is_private("08.8.8.8"), "a leading zero");
	memset(longest, '1', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ok(ion_address_text_is_private(longest), "too long");
}

int
main(void)
{
	for (size_t i = 0; i < lengthof(cases); i++)
		check_case(&cases[i]);
	for (size_t i = 0; i < lengthof(disguises); i++)
		check_disguise(disguises[i]);
	check_unjudgeable();
	check_text();
	return done_testing();
}
