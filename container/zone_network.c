/* SPDX-License-Identifier: Apache-2.0 */
#include "container/zone_network.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "container/driver.h"
#include "container/messages.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/passing.h"

/* The back end says that it waits just before it makes its interface. */
#define APPEAR_MS 1000

void zone_network_init(struct zone_network *network, int namespace, struct network *found,
	const uint8_t mark[NETWORK_MARK_LENGTH])
{
	*network = (struct zone_network){.namespace = namespace,
		.network = *found,
		.mark = mark,
		.change = -1,
		.resolver = -1,
		.answer = -1};
	memset(network->connections, -1, sizeof(network->connections));
	memset(found, 0, sizeof(*found));
	compile_network(&network->network, &network->spec);
}

uint32_t zone_network_vifs(const struct zone_network *network, struct zone_vif vifs[ZONE_VIFS_MAX])
{
	const struct network *found = &network->network;

	/* At first devices have the order of the interfaces. */
	for (size_t i = 0; i < found->interfaces_len; i++) {
		vifs[i].mtu = found->interfaces[i].mtu;
		memcpy(vifs[i].mac, found->interfaces[i].mac, sizeof(vifs[i].mac));
	}
	return (uint32_t)found->interfaces_len;
}

/* Where the kernel does not let it, the resolver still has what it knows itself: the names of other
 * containers. */
static void let_answers_in(
	const struct zone_network *network, struct zone *zone, const struct network_interface *interface)
{
	char vif[ZONE_VIF_NAME_MAX];
	struct error err = {0};

	zone_vif_name(zone, interface->device, vif);
	if (network_let_answers_in(network->namespace, interface, vif, &err))
		log_message(LOG_WARNING, "%s", error_message(&err));
	error_clear(&err);
}

static int redirect(struct zone_network *network, struct zone *zone,
	const struct network_interface *interface, struct error *err)
{
	char vif[ZONE_VIF_NAME_MAX];

	zone_vif_name(zone, interface->device, vif);
	for (int i = 0; i < APPEAR_MS && !network_vif_exists(vif); i++)
		usleep(1000);
	if (network_redirect(network->namespace, interface, vif, network->mark, err) ||
		zone_vif_ready(zone, interface->device, err))
		return -1;
	network->redirected[interface->device] = true;
	if (network->resolves)
		let_answers_in(network, zone, interface);
	return 0;
}

int zone_network_event(struct zone_network *network, struct zone *zone, struct error *err)
{
	for (size_t i = 0; i < network->network.interfaces_len; i++) {
		const struct network_interface *interface = &network->network.interfaces[i];
		uint32_t device = interface->device;

		if (network->connected[device])
			continue;
		switch (zone_vif_state(zone, device)) {
		case ZONE_VIF_CONNECTED:
			network->connected[device] = true;
			/* Not every version of the driver waits to be told. */
			/* fall through */
		case ZONE_VIF_WAITS:
			if (!network->redirected[device] && redirect(network, zone, interface, err))
				return -1;
			break;
		case ZONE_VIF_LOST:
			/* So it is at a zone's end. */
			if (zone_condition(zone) == ZONE_RUNS)
				return error_set(err, 0, "network namespace: %s: dom0's xen-netback gave up",
					interface->name);
			break;
		default:
			break;
		}
	}
	return 0;
}

static bool all(const struct zone_network *network, const bool *of)
{
	for (size_t i = 0; i < network->network.interfaces_len; i++)
		if (!of[network->network.interfaces[i].device])
			return false;
	return true;
}

bool zone_network_redirected(const struct zone_network *network)
{
	return all(network, network->redirected);
}

bool zone_network_ready(const struct zone_network *network)
{
	return !network->untold && all(network, network->connected);
}

static bool same(const struct spec *a, const struct spec *b)
{
	return a->length == b->length && (!a->length || memcmp(a->data, b->data, a->length) == 0);
}

/* The devices that the zone has not; the numbers of those begin where its own end. */
static int add_devices(
	const struct network *now, const struct network *before, struct zone *zone, struct error *err)
{
	uint32_t next = 0;

	for (size_t i = 0; i < before->interfaces_len; i++)
		if (before->interfaces[i].device >= next)
			next = before->interfaces[i].device + 1;
	for (size_t i = 0; i < now->interfaces_len; i++) {
		const struct network_interface *interface = &now->interfaces[i];
		struct zone_vif vif = {.mtu = interface->mtu};

		if (interface->device < next)
			continue;
		memcpy(vif.mac, interface->mac, sizeof(vif.mac));
		if (zone_network_driver(err) || zone_add_vif(zone, &vif, err))
			return -1;
	}
	return 0;
}

static int write_spec(const struct spec *spec, struct error *err)
{
	cleanup_close int fd = memfd_create("network", MFD_CLOEXEC);

	if (spec->failed)
		return error_set(err, ENOMEM, "network");
	if (fd < 0 || write(fd, spec->data, spec->length) != (ssize_t)spec->length)
		return error_set(err, errno, "network");
	return steal_fd(&fd);
}

/* What the namespace's resolver needs on this side, and is told of on the other. */
static int begin_to_resolve(struct zone_network *network, struct zone *zone, const struct network *now,
	const uint8_t address[4], struct spec *told, struct error *err)
{
	network->resolver = network_resolver_connect(network->namespace, address, SOCK_DGRAM, err);
	if (network->resolver < 0)
		return -1;
	compile_resolver(address, told);
	memcpy(network->resolver_address, address, sizeof(network->resolver_address));
	network->resolves = true;
	/* The others' turn comes when they are redirected. */
	for (size_t i = 0; i < now->interfaces_len; i++)
		if (network->redirected[now->interfaces[i].device])
			let_answers_in(network, zone, &now->interfaces[i]);
	return 0;
}

int zone_network_look(struct zone_network *network, struct zone *zone, int pid, struct error *err)
{
	cleanup_close int namespace = network_namespace_of(pid, err);
	uint8_t resolver[4];
	struct network now;
	bool resolves;
	struct spec told = {0};
	int result = -1;

	if (namespace < 0 || network_read(namespace, &now, err))
		return -1;
	if (network_number(&now, &network->network, err))
		goto out;
	compile_network(&now, &told);
	/* Nobody is asked by the loopback alone. */
	resolves = now.interfaces_len && network_resolver(pid, resolver);
	if (same(&told, &network->spec) && !resolves) {
		result = 0;
		goto out;
	}
	if (network->namespace < 0)
		network->namespace = steal_fd(&namespace);
	if (add_devices(&now, &network->network, zone, err))
		goto out;
	if (resolves && begin_to_resolve(network, zone, &now, resolver, &told, err))
		goto out;
	spec_begin(&told, ZONE_OP_NETWORK, "network namespace");
	spec_end(&told);
	network->change = write_spec(&told, err);
	if (network->change < 0)
		goto out;
	network_free(&network->network);
	spec_free(&network->spec);
	network->network = now;
	network->spec = told;
	network->untold = true;
	return 1;
out:
	network_free(&now);
	spec_free(&told);
	return result;
}

/* An exec that makes no process, with one thing for its input and its output, -1 for nothing. Returns where
 * its reports come. */
static int ask_zone(int standin, uint32_t number, int spec, int stream, struct error *err)
{
	const struct message message = {.type = MESSAGE_EXEC, .number = number};
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC), own = -1, other = -1;
	int ends[2];

	if (null < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return error_set(err, errno, "cannot tell the zone of its network");
	own = ends[0];
	other = ends[1];
	if (stream < 0)
		stream = null;
	if (send_with(standin, &message, sizeof(message), (int[]){spec, stream, stream, null, other},
		    REQUEST_EXEC_FDS + 1) < 0)
		return error_set(err, errno, "cannot tell the zone of its network");
	return steal_fd(&own);
}

int zone_network_tell(struct zone_network *network, int standin, uint32_t number, struct error *err)
{
	network->answer = ask_zone(standin, number, network->change, network->resolver, err);
	if (network->answer < 0)
		return -1;
	close(steal_fd(&network->change));
	if (network->resolver >= 0)
		close(steal_fd(&network->resolver));
	return 0;
}

/* Whether what comes of a connection is at its end: after CREATED, STARTED and EXITED. A guest that reports
 * more has it for longer. */
static bool has_ended(int connection)
{
	struct zone_report report;
	ssize_t got = 1;

	for (int i = 0; i < 4 && got > 0; i++)
		got = receive(connection, &report, sizeof(report), MSG_DONTWAIT);
	return !got || (got < 0 && errno != EAGAIN && errno != EINTR);
}

/* NULL: there are as many as there may be. */
static int *free_connection(struct zone_network *network)
{
	for (size_t i = 0; i < ZONE_CONNECTIONS_MAX; i++) {
		int *connection = &network->connections[i];

		if (*connection >= 0 && has_ended(*connection))
			close(steal_fd(connection));
		if (*connection < 0)
			return connection;
	}
	return NULL;
}

void zone_network_connect(struct zone_network *network, int standin, uint32_t *last_number)
{
	int *connection = network->resolves ? free_connection(network) : NULL;
	cleanup_close int stream = -1, written = -1;
	struct error ignored = {0};
	struct spec spec = {0};

	if (!connection)
		return;
	spec_begin(&spec, ZONE_OP_CONNECTION, "network namespace");
	spec_end(&spec);
	stream = network_resolver_connect(
		network->namespace, network->resolver_address, SOCK_STREAM, &ignored);
	written = write_spec(&spec, &ignored);
	/* Where it cannot be had, the zone is given nothing in its place, and lets go of the client. */
	if (written >= 0)
		*connection = ask_zone(standin, ++*last_number, written, stream, &ignored);
	spec_free(&spec);
	error_clear(&ignored);
}

int zone_network_answer(struct zone_network *network, struct error *err)
{
	struct zone_report report;
	ssize_t got = receive(network->answer, &report, sizeof(report), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got != (ssize_t)sizeof(report)) {
		close(steal_fd(&network->answer));
		return network->untold ? error_set(err, 0, "the zone says nothing of its network") : 0;
	}
	if (report.type == ZONE_REPORT_FAILED)
		return spec_failure(&network->spec, NULL, report.arg[0],
			(int)report.arg[1] > 0 && (int)report.arg[1] < 4096 ? (int)report.arg[1] : EIO, err);
	network->untold = false;
	return 0;
}

void zone_network_end(struct zone_network *network)
{
	if (network->namespace >= 0 && network->network.interfaces_len)
		network_release(network->namespace, network->mark);
	if (network->change >= 0)
		close(network->change);
	if (network->resolver >= 0)
		close(network->resolver);
	if (network->answer >= 0)
		close(network->answer);
	if (network->namespace >= 0)
		close(network->namespace);
	for (size_t i = 0; i < ZONE_CONNECTIONS_MAX; i++)
		if (network->connections[i] >= 0)
			close(steal_fd(&network->connections[i]));
	network_free(&network->network);
	spec_free(&network->spec);
	network->namespace = network->change = network->resolver = network->answer = -1;
}

int zone_network_driver(struct error *err)
{
	return driver_load("vif", "xen-netback")
		       ? 0
		       : error_set(err, 0,
				 "network namespace: dom0's kernel has no xen-netback (see xenrun check)");
}
