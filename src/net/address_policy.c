/*-------------------------------------------------------------------------
 *
 * address_policy.c
 *	  Which network addresses a provider may not lead us to.
 *
 * A URL can name a host inside our own network, whether by mistake or on
 * purpose, and a check of the name proves nothing: "127.1", "0x7f.1" and a
 * name that resolves to 10.0.0.1 all look innocent.  So the policy judges the
 * address the socket is about to use, after every spelling has become the
 * same four or sixteen bytes.
 *
 * The rule fails closed.  IPv4 refuses the special-purpose registry of
 * RFC 6890; IPv6 admits the global unicast block 2000::/3 and within it
 * refuses what is not the open Internet.  An IPv6 address that carries an
 * IPv4 one (mapped, NAT64, 6to4) is judged by the address it carries.
 *
 * Nothing here allocates or keeps state, so it may run inside a libcurl
 * callback.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/address_policy.h"

typedef struct IonRange4
{
	uint32		network;		/* host byte order */
	int			bits;
	const char *why;
} IonRange4;

typedef struct IonRange6
{
	uint8		network[16];
	int			bits;
	const char *why;
} IonRange6;

static const IonRange4 ranges4[] = {
	{0x00000000, 8, "0.0.0.0/8: this network"},
	{0x0A000000, 8, "10.0.0.0/8: private network"},
	{0x64400000, 10, "100.64.0.0/10: shared address space of carriers"},
	{0x7F000000, 8, "127.0.0.0/8: loopback"},
	{0xA9FE0000, 16, "169.254.0.0/16: link-local"},
	{0xAC100000, 12, "172.16.0.0/12: private network"},
	{0xC0000000, 24, "192.0.0.0/24: protocol assignments"},
	{0xC0000200, 24, "192.0.2.0/24: documentation"},
	{0xC0586300, 24, "192.88.99.0/24: 6to4 relays"},
	{0xC0A80000, 16, "192.168.0.0/16: private network"},
	{0xC6120000, 15, "198.18.0.0/15: benchmarking"},
	{0xC6336400, 24, "198.51.100.0/24: documentation"},
	{0xCB007100, 24, "203.0.113.0/24: documentation"},
	{0xE0000000, 4, "224.0.0.0/4: multicast"},
	{0xF0000000, 4, "240.0.0.0/4: reserved and broadcast"}
};

static const IonRange6 ranges6[] = {
	{{0}, 128, "::/128: unspecified"},
	{{[15] = 1}, 128, "::1/128: loopback"},
	{{0}, 96, "::/96: IPv4-compatible, obsolete"},
	{{0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01}, 48, "64:ff9b:1::/48: local NAT64"},
	{{0x01}, 64, "100::/64: discard only"},
	{{0x20, 0x01, 0x00, 0x00}, 32, "2001::/32: Teredo"},
	{{0x20, 0x01}, 23, "2001::/23: protocol assignments"},
	{{0x20, 0x01, 0x0D, 0xB8}, 32, "2001:db8::/32: documentation"},
	{{0x3F, 0xFF}, 20, "3fff::/20: documentation"},
	{{0x5F}, 16, "5f00::/16: segment routing"},
	{{0xFC}, 7, "fc00::/7: unique local"},
	{{0xFE, 0x80}, 10, "fe80::/10: link-local"},
	{{0xFE, 0xC0}, 10, "fec0::/10: site-local, obsolete"},
	{{0xFF}, 8, "ff00::/8: multicast"}
};

/* Prefixes whose addresses carry an IPv4 address, and where. */
typedef struct IonCarrier6
{
	uint8		network[16];
	int			bits;
	int			offset;			/* first byte of the IPv4 address */
} IonCarrier6;

static const IonCarrier6 carriers6[] = {
	{{[10] = 0xFF, [11] = 0xFF}, 96, 12},	/* ::ffff:0:0/96, mapped */
	{{0x00, 0x64, 0xFF, 0x9B}, 96, 12}, /* 64:ff9b::/96, NAT64 */
	{{0x20, 0x02}, 16, 2}		/* 2002::/16, 6to4 */
};

static bool judge4(uint32 address, const char **why);
static bool judge6(const uint8 address[16], const char **why);
static bool has_prefix(const uint8 *address, const uint8 *network, int bits);

bool
ion_address_is_private(const struct sockaddr *sa, socklen_t len,
					   const char **why)
{
	const char *ignored;
	sa_family_t family;
	size_t		at = offsetof(struct sockaddr, sa_family);

	if (why == NULL)
		why = &ignored;
	*why = NULL;
	if (sa == NULL || len < at + sizeof(family))
	{
		*why = "no address";
		return true;
	}

	/* a caller's buffer need not be aligned for the type it holds: copy */
	memcpy(&family, (const char *) sa + at, sizeof(family));
	if (family == AF_INET && len >= sizeof(struct sockaddr_in))
	{
		struct sockaddr_in in4;

		memcpy(&in4, sa, sizeof(in4));
		return judge4(ntohl(in4.sin_addr.s_addr), why);
	}
	if (family == AF_INET6 && len >= sizeof(struct sockaddr_in6))
	{
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		return judge6(in6.sin6_addr.s6_addr, why);
	}
	*why = "not an Internet address";
	return true;
}

bool
ion_address_text_is_private(const char *ip)
{
	char		text[ION_ADDRESS_TEXT_MAX];
	const char *why;
	struct in_addr in4;
	struct in6_addr in6;
	size_t		length;
	char	   *scope;

	if (ip == NULL)
		return true;
	length = strlen(ip);
	if (length >= 2 && ip[0] == '[' && ip[length - 1] == ']')
	{
		ip++;
		length -= 2;
	}
	if (length == 0 || length >= sizeof(text))
		return true;
	memcpy(text, ip, length);
	text[length] = '\0';

	/* only strict dotted quads: libcurl reports no other form */
	if (inet_pton(AF_INET, text, &in4) == 1)
		return judge4(ntohl(in4.s_addr), &why);

	scope = strchr(text, '%');
	if (scope != NULL)
		*scope = '\0';
	if (inet_pton(AF_INET6, text, &in6) == 1)
		return judge6(in6.s6_addr, &why);
	return true;
}

static bool
judge4(uint32 address, const char **why)
{
	for (size_t i = 0; i < lengthof(ranges4); i++)
	{
		uint32		mask = ~((uint32) 0) << (32 - ranges4[i].bits);

		if ((address & mask) == ranges4[i].network)
		{
			*why = ranges4[i].why;
			return true;
		}
	}
	*why = NULL;
	return false;
}

static bool
judge6(const uint8 address[16], const char **why)
{
	for (size_t i = 0; i < lengthof(carriers6); i++)
	{
		const uint8 *v4 = address + carriers6[i].offset;

		if (has_prefix(address, carriers6[i].network, carriers6[i].bits))
			return judge4(((uint32) v4[0] << 24) | ((uint32) v4[1] << 16) |
						  ((uint32) v4[2] << 8) | (uint32) v4[3], why);
	}
	for (size_t i = 0; i < lengthof(ranges6); i++)
	{
		if (has_prefix(address, ranges6[i].network, ranges6[i].bits))
		{
			*why = ranges6[i].why;
			return true;
		}
	}

	/* whatever lies outside the one block IANA gives to the Internet */
	if ((address[0] & 0xE0) != 0x20)
	{
		*why = "outside 2000::/3: not global unicast";
		return true;
	}
	*why = NULL;
	return false;
}

static bool
has_prefix(const uint8 *address, const uint8 *network, int bits)
{
	int			whole = bits / 8;
	int			rest = bits % 8;

	if (memcmp(address, network, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	return ((address[whole] ^ network[whole]) >> (8 - rest)) == 0;
}
