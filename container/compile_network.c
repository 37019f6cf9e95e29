/* SPDX-License-Identifier: Apache-2.0 */
/* The operations that give the zone what is in the container's network namespace. */
#include <arpa/inet.h>
#include <stdio.h>

#include "container/network.h"

static const char *text_of(uint8_t family, const uint8_t address[16], char text[INET6_ADDRSTRLEN])
{
	return inet_ntop(family, address, text, INET6_ADDRSTRLEN) ? text : "?";
}

static const struct network_interface *find(const struct network *network, int index)
{
	for (size_t i = 0; i < network->interfaces_len; i++)
		if (network->interfaces[i].index == index)
			return &network->interfaces[i];
	return NULL;
}

static void put_interface(const struct network_interface *interface, struct spec *spec)
{
	spec_begin(spec, ZONE_OP_INTERFACE, "network namespace: %s", interface->name);
	spec_u32(spec, interface->device);
	spec_u32(spec, interface->mtu);
	spec_u32(spec, interface->up ? ZONE_INTERFACE_UP : 0);
	spec_u32(spec, 0);
	spec_string(spec, interface->name);
	spec_end(spec);
}

static void put_address(
	const struct network *network, const struct network_address *address, struct spec *spec)
{
	const struct network_interface *interface = find(network, address->index);
	char text[INET6_ADDRSTRLEN];

	spec_begin(spec, ZONE_OP_ADDRESS, "network namespace: %s: %s/%u", interface ? interface->name : "lo",
		text_of(address->family, address->local, text), (unsigned int)address->prefix);
	spec_u32(spec, interface ? interface->device : ZONE_DEVICE_LOOPBACK);
	spec_u32(spec, address->family);
	spec_u32(spec, address->prefix);
	spec_u32(spec, address->scope);
	spec_u32(spec, address->flags);
	spec_u32(spec, address->preferred);
	spec_u32(spec, address->valid);
	spec_bytes(spec, address->broadcast, sizeof(address->broadcast));
	spec_bytes(spec, address->local, sizeof(address->local));
	spec_bytes(spec, address->peer, sizeof(address->peer));
	spec_end(spec);
}

static void put_route(const struct network *network, const struct network_route *route, struct spec *spec)
{
	const struct network_interface *interface = find(network, route->index);
	char text[INET6_ADDRSTRLEN];

	spec_begin(spec, ZONE_OP_ROUTE, "network namespace: route to %s/%u",
		text_of(route->family, route->destination, text), (unsigned int)route->prefix);
	spec_u32(spec, interface ? interface->device : ZONE_DEVICE_NONE);
	spec_u32(spec, route->family);
	spec_u32(spec, route->prefix);
	spec_u32(spec, route->type);
	spec_u32(spec, route->scope);
	spec_u32(spec, route->protocol);
	spec_u32(spec, route->metric);
	spec_u32(spec, route->flags);
	spec_u32(spec, route->mtu);
	spec_u32(spec, route->gateway_family);
	spec_bytes(spec, route->destination, sizeof(route->destination));
	spec_bytes(spec, route->gateway, sizeof(route->gateway));
	spec_bytes(spec, route->source, sizeof(route->source));
	spec_end(spec);
}

void compile_network(const struct network *network, struct spec *spec)
{
	for (size_t i = 0; i < network->interfaces_len; i++)
		put_interface(&network->interfaces[i], spec);
	for (size_t i = 0; i < network->addresses_len; i++)
		put_address(network, &network->addresses[i], spec);
	for (size_t i = 0; i < network->routes_len; i++)
		put_route(network, &network->routes[i], spec);
}

void compile_resolver(const uint8_t address[4], struct spec *spec)
{
	char text[INET_ADDRSTRLEN];

	spec_begin(spec, ZONE_OP_RESOLVER, "network namespace: resolver %s",
		inet_ntop(AF_INET, address, text, sizeof(text)));
	spec_bytes(spec, address, 4);
	spec_end(spec);
}
