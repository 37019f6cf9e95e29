/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's network namespace on this host: read by rtnetlink(7), handed to the zone as operations, and
 * its interfaces redirected to the zone's. A namespace is named by a descriptor; no process enters it but for
 * the moment in which a socket is made there.
 */
#ifndef XENRUN_NETWORK_H
#define XENRUN_NETWORK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "container/spec.h"
#include "initramfs/zone_wire.h"
#include "util/error.h"

struct nlmsghdr;

/* Addresses are in network order; those of IPv4 fill the first 4 bytes. */
struct network_interface {
	char name[IF_NAMESIZE];
	int index;
	uint32_t device; /* its number in the zone */
	uint8_t mac[6];
	uint32_t mtu;
	bool up;
};

struct network_address {
	int index;
	uint8_t family, prefix, scope;
	uint32_t flags, preferred, valid;
	uint8_t broadcast[4];
	uint8_t local[16], peer[16];
};

struct network_route {
	int index; /* 0: of no interface */
	uint8_t family, prefix, type, scope, protocol, gateway_family;
	uint32_t metric, flags, mtu;
	uint8_t destination[16], gateway[16], source[16];
};

struct network {
	struct network_interface interfaces[ZONE_INTERFACES_MAX];
	size_t interfaces_len;
	struct network_address *addresses; /* owned */
	size_t addresses_len;
	struct network_route *routes; /* owned */
	size_t routes_len;
	int loopback;  /* its index */
	char *refused; /* owned: what of it a zone cannot have, NULL for nothing */
};
void network_free(struct network *network);

/* The namespace that config.json has for the container: *fd is it where there is a path, -1 where a new one
 * is to be made. Refuses the host's own. */
int network_namespace(const struct oci_config *config, int *fd, struct error *err);
/* The same of a process that is in it. */
int network_namespace_of(int pid, struct error *err);

/* Reads all of a namespace. */
int network_read(int namespace, struct network *network, struct error *err);

/* Whether somebody has a UDP socket on the loopback of the network namespace of that process, at another
 * address than 127.0.0.1: a caller's resolver. The address is in network order. */
bool network_resolver(int pid, uint8_t address[4]);
/* A socket of the namespace, of that type (SOCK_*), which is connected to port 53 there, or about to be. */
int network_resolver_connect(int namespace, const uint8_t address[4], int type, struct error *err);

/* What network_read() is made of: takes one message of a dump. Returns 0, or an errno. */
int network_take(struct network *network, const struct nlmsghdr *message);

/* Numbers the interfaces: those that `before` has (NULL: none), as there; the others follow. */
int network_number(struct network *network, const struct network *before, struct error *err);

/* Their operations; that of a resolver. */
void compile_network(const struct network *network, struct spec *spec);
void compile_resolver(const uint8_t address[4], struct spec *spec);

/* Moves dom0's end of a zone's interface, which has that name in the first namespace, to `namespace`, and
 * redirects packets between it and `interface`, both ways. `mark` tells whose doing it is. */
#define NETWORK_MARK_LENGTH 16
int network_redirect(int namespace, const struct network_interface *interface, const char *vif,
	const uint8_t mark[NETWORK_MARK_LENGTH], struct error *err);

/* Has the host's stack in that namespace get the answers to what it asks by that interface, which is
 * redirected to `vif`: those of name servers, over IPv4. */
int network_let_answers_in(
	int namespace, const struct network_interface *interface, const char *vif, struct error *err);

/* Whether there is an interface of that name in the first namespace. */
bool network_vif_exists(const char *vif);

/* Ends what network_redirect() has begun with that mark. */
void network_release(int namespace, const uint8_t mark[NETWORK_MARK_LENGTH]);

#endif
