/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes process specs; makes no system call, and lets nothing malformed through. */
#include "initramfs/ops.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "initramfs/zone_wire.h"

/* What an operation's payload consists of. */
struct layout {
	uint8_t type;
	uint8_t fields;	 /* bytes */
	uint8_t strings; /* number */
	uint8_t unit;	 /* bytes of an element of its tail, 0 for none */
};

static const struct layout layouts[] = {
	{ZONE_OP_CLONE, 4, 0, 0},
	{ZONE_OP_CGROUP, 0, 2, 0},
	{ZONE_OP_VOLUMES, 0, 1, 0},
	{ZONE_OP_UID_MAP, 0, 0, 12},
	{ZONE_OP_GID_MAP, 0, 0, 12},
	{ZONE_OP_TIME_OFFSET, 16, 0, 0},
	{ZONE_OP_CGROUP_TRY, 0, 2, 0},
	{ZONE_OP_DEVICES, 0, 0, 8},
	{ZONE_OP_CGROUP_OWNER, 8, 0, 0},
	{ZONE_OP_DISK, 20, 0, 0},
	{ZONE_OP_SHM, 0, 2, 0},
	{ZONE_OP_ROOT, 4, 1, 0},
	{ZONE_OP_PROPAGATION, 4, 0, 0},
	{ZONE_OP_MOUNT, 8, 4, 0},
	{ZONE_OP_MKNOD, 20, 1, 0},
	{ZONE_OP_SYMLINK, 0, 2, 0},
	{ZONE_OP_PIVOT, 0, 0, 0},
	{ZONE_OP_HOSTNAME, 0, 1, 0},
	{ZONE_OP_DOMAINNAME, 0, 1, 0},
	{ZONE_OP_SYSCTL, 0, 2, 0},
	{ZONE_OP_READONLY_PATH, 0, 1, 0},
	{ZONE_OP_MASK_PATH, 0, 1, 0},
	{ZONE_OP_READONLY_ROOT, 0, 0, 0},
	{ZONE_OP_MOUNT_ATTR, 24, 1, 0},
	{ZONE_OP_MOUNT_COPY, 8, 4, 0},
	{ZONE_OP_INTERFACE, 16, 1, 0},
	{ZONE_OP_ADDRESS, 64, 0, 0},
	{ZONE_OP_ROUTE, 88, 0, 0},
	{ZONE_OP_RESOLVER, 4, 0, 0},
	{ZONE_OP_OOM_SCORE_ADJ, 4, 0, 0},
	{ZONE_OP_RLIMIT, 24, 0, 0},
	{ZONE_OP_GROUPS, 0, 0, 4},
	{ZONE_OP_USER, 12, 0, 0},
	{ZONE_OP_CAPABILITIES, 40, 0, 0},
	{ZONE_OP_NO_NEW_PRIVILEGES, 0, 0, 0},
	{ZONE_OP_SECCOMP, 8, 0, 8},
	{ZONE_OP_PERSONALITY, 4, 0, 0},
	{ZONE_OP_CWD, 4, 1, 0},
	{ZONE_OP_ENV, 0, 1, 0},
	{ZONE_OP_ARG, 0, 1, 0},
	{ZONE_OP_READY, 0, 0, 0},
	{ZONE_OP_EXEC, 0, 0, 0},
	{ZONE_OP_HOOK, 16, 2, 0},
	{ZONE_OP_TERMINAL, 12, 0, 0},
	{ZONE_OP_PROCESSES, 0, 0, 0},
	{ZONE_OP_STATISTICS, 0, 0, 0},
	{ZONE_OP_NETWORK, 0, 0, 0},
	{ZONE_OP_LIMITS, 0, 0, 0},
	{ZONE_OP_CONNECTION, 0, 0, 0},
	{ZONE_OP_SCHEDULER, 48, 0, 0},
	{ZONE_OP_IO_PRIORITY, 4, 0, 0},
	{ZONE_OP_AFFINITY, 0, 0, 8},
	{ZONE_OP_DESCRIPTOR, 8, 0, 0},
};

/* Fields of ZONE_OP_HOOK: how many strings come after those that each of its kind has. */
enum { HOOK_ARGS = 1, HOOK_ENV = 2 };

static const struct layout *layout_of(uint32_t type)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

/* Reads the header at `offset`. Returns the offset of the next operation, 0 when this one is cut short. */
static size_t read_header(const uint8_t *bytes, size_t length, size_t offset, struct zone_op *header)
{
	size_t left = length - offset, padded;

	if (left < sizeof(*header))
		return 0;
	memcpy(header, bytes + offset, sizeof(*header));
	left -= sizeof(*header);
	padded = ((size_t)header->length + 7) & ~(size_t)7;
	if (padded > left)
		return 0;
	return offset + sizeof(*header) + padded;
}

/* The last one of a spec. */
static bool is_last(uint32_t type)
{
	return type == ZONE_OP_EXEC || type == ZONE_OP_PROCESSES || type == ZONE_OP_STATISTICS ||
	       type == ZONE_OP_NETWORK || type == ZONE_OP_LIMITS || type == ZONE_OP_CONNECTION;
}

bool spec_complete(const uint8_t *bytes, size_t length)
{
	struct zone_op header;
	size_t offset = 0;

	while ((offset = read_header(bytes, length, offset, &header)) != 0)
		if (is_last(header.type))
			return true;
	return false;
}

/* A name of one folder, which is no way to another. */
static bool is_name(const char *text)
{
	return *text && *text != '.' && strlen(text) <= NAME_MAX && !strchr(text, '/');
}

/* Finds the parts of a payload. Returns 0, or an errno. */
static int split_payload(struct op *op, const uint8_t *payload, size_t length)
{
	const struct layout *layout = layout_of(op->type);
	const uint8_t *rest;
	size_t left, strings;

	if (!layout)
		return EOPNOTSUPP;
	if (length < layout->fields)
		return EBADMSG;
	rest = payload + layout->fields;
	left = length - layout->fields;
	op->fields = payload;
	op->strings = (const char *)rest;
	op->tail = rest;
	op->tail_length = left;
	if (layout->unit)
		return left % layout->unit ? EBADMSG : 0;
	strings = layout->strings;
	if (op->type == ZONE_OP_HOOK)
		strings += (size_t)op_u32(op, HOOK_ARGS) + op_u32(op, HOOK_ENV);
	for (size_t i = 0; i < strings; i++) {
		const uint8_t *nul = left ? memchr(rest, 0, left) : NULL;

		if (!nul)
			return EBADMSG;
		left -= (size_t)(nul + 1 - rest);
		rest = nul + 1;
	}
	if (op->type == ZONE_OP_SHM && !is_name(op_string(op, 0)))
		return EBADMSG;
	return left ? EBADMSG : 0;
}

bool spec_next(const struct spec *spec, const uint8_t **position, struct op *op)
{
	size_t offset = *position ? (size_t)(*position - spec->bytes) : 0, next;
	struct zone_op header;

	next = read_header(spec->bytes, spec->length, offset, &header);
	if (!next)
		return false;
	op->index = *position ? op->index + 1 : 0;
	op->type = header.type;
	*position = spec->bytes + next;
	return split_payload(op, spec->bytes + offset + sizeof(header), header.length) == 0;
}

static bool is_network(uint32_t type)
{
	return type == ZONE_OP_INTERFACE || type == ZONE_OP_ADDRESS || type == ZONE_OP_ROUTE ||
	       type == ZONE_OP_RESOLVER;
}

static bool is_limit(uint32_t type)
{
	return type == ZONE_OP_CGROUP || type == ZONE_OP_CGROUP_TRY;
}

/* Whether an operation may stand here. Returns 0, or an errno. */
static int check_order(const struct spec *spec, const struct op *op, uint32_t last_type, size_t args)
{
	if (op->type == ZONE_OP_CLONE || op->type == ZONE_OP_PROCESSES || op->type == ZONE_OP_STATISTICS ||
		op->type == ZONE_OP_CONNECTION)
		return op->index ? EBADMSG : 0;
	if (op->type == ZONE_OP_RESOLVER && (spec->container || spec->resolver.fields))
		return EBADMSG;
	/* A spec with the network alone, and no part of it anywhere else. */
	if (op->type == ZONE_OP_NETWORK)
		return spec->container || (last_type && !is_network(last_type)) ? EBADMSG : 0;
	if (is_network(op->type) && !spec->container)
		return last_type && !is_network(last_type) ? EBADMSG : 0;
	if (is_network(last_type) && !spec->container)
		return EBADMSG;
	if (op->type == ZONE_OP_LIMITS)
		return spec->container || (last_type && !is_limit(last_type)) ? EBADMSG : 0;
	/* An exec's process joins namespaces that are set up, and finds the shares mounted. */
	if (!is_limit(op->type) && op->type < ZONE_OP_OOM_SCORE_ADJ && !spec->container)
		return EBADMSG;
	if ((op->type == ZONE_OP_EXEC || op->type == ZONE_OP_HOOK) !=
		(last_type == ZONE_OP_READY || last_type == ZONE_OP_HOOK))
		return EBADMSG;
	if (op->type == ZONE_OP_READY && !args)
		return EBADMSG;
	if (op->type == ZONE_OP_DESCRIPTOR &&
		(spec->descriptors == ZONE_DESCRIPTORS_MAX || op_u32(op, 0) != 3 + spec->descriptors ||
			!op_u32(op, 1) ||
			op_u32(op, 1) & ~(uint32_t)(ZONE_DESCRIPTOR_IN | ZONE_DESCRIPTOR_OUT)))
		return EBADMSG;
	return 0;
}

/* What there is of strings that execve wants in arrays. */
struct counts {
	size_t args, env;
	size_t hooks; /* of theirs, with the NULL of each array */
};

static void note(struct spec *spec, const struct op *op, struct counts *counts)
{
	switch (op->type) {
	case ZONE_OP_CLONE:
		spec->container = true;
		spec->clone_flags = op_u32(op, 0);
		break;
	case ZONE_OP_UID_MAP:
		spec->uid_map = *op;
		break;
	case ZONE_OP_GID_MAP:
		spec->gid_map = *op;
		break;
	case ZONE_OP_GROUPS:
		spec->groups = *op;
		break;
	case ZONE_OP_USER:
		spec->user = *op;
		break;
	case ZONE_OP_CAPABILITIES:
		spec->capabilities = *op;
		break;
	case ZONE_OP_NO_NEW_PRIVILEGES:
		spec->no_new_privileges = *op;
		break;
	case ZONE_OP_SECCOMP:
		spec->seccomp = *op;
		break;
	case ZONE_OP_CWD:
		spec->cwd = *op;
		break;
	case ZONE_OP_RESOLVER:
		spec->resolver = *op;
		break;
	case ZONE_OP_TERMINAL:
		spec->terminal = true;
		break;
	case ZONE_OP_DESCRIPTOR:
		spec->descriptor_flags[spec->descriptors++] = op_u32(op, 1);
		break;
	case ZONE_OP_PROCESSES:
	case ZONE_OP_STATISTICS:
	case ZONE_OP_NETWORK:
	case ZONE_OP_LIMITS:
	case ZONE_OP_CONNECTION:
		spec->query = op->type;
		break;
	case ZONE_OP_ARG:
		counts->args++;
		break;
	case ZONE_OP_ENV:
		counts->env++;
		break;
	case ZONE_OP_HOOK:
		counts->hooks += (size_t)op_u32(op, HOOK_ARGS) + op_u32(op, HOOK_ENV) + 2;
		break;
	default:
		break;
	}
}

/* Returns what is behind the last string. */
static const char *point_to(char **array, size_t count, const char *string)
{
	for (; count; count--) {
		*array++ = (char *)(uintptr_t)string;
		string += strlen(string) + 1;
	}
	return string;
}

static int collect(struct spec *spec, const struct counts *counts)
{
	const uint8_t *position = NULL;
	struct op op = {0};
	char **arg, **variable, **hook;

	/* They are execve's, whose parameters want no const. */
	spec->args = arg = calloc(counts->args + counts->env + 2 + counts->hooks, sizeof(char *));
	if (!arg)
		return -1;
	spec->env = variable = arg + counts->args + 1;
	spec->hooks = hook = variable + counts->env + 1;
	while (spec_next(spec, &position, &op)) {
		if (op.type == ZONE_OP_ARG)
			*arg++ = (char *)(uintptr_t)op.strings;
		else if (op.type == ZONE_OP_ENV)
			*variable++ = (char *)(uintptr_t)op.strings;
		else if (op.type == ZONE_OP_HOOK) {
			size_t args = op_u32(&op, HOOK_ARGS), env = op_u32(&op, HOOK_ENV);
			const char *rest = point_to(hook, args, op_string(&op, 2));

			point_to(hook + args + 1, env, rest);
			hook += args + env + 2;
		}
	}
	return 0;
}

int spec_decode(struct spec *spec, const uint8_t *bytes, size_t length, uint32_t *index)
{
	struct counts counts = {0};
	size_t offset = 0, next;
	struct zone_op header;
	struct op op = {0};
	uint32_t last_type = 0;
	int error;

	memset(spec, 0, sizeof(*spec));
	spec->bytes = bytes;
	spec->length = length;
	for (*index = 0; !is_last(last_type); ++*index) {
		next = read_header(bytes, length, offset, &header);
		if (!next) {
			errno = EBADMSG;
			return -1;
		}
		op.type = header.type;
		op.index = *index;
		error = split_payload(&op, bytes + offset + sizeof(header), header.length);
		if (!error)
			error = check_order(spec, &op, last_type, counts.args);
		if (error) {
			errno = error;
			return -1;
		}
		note(spec, &op, &counts);
		last_type = op.type;
		offset = next;
	}
	/* What follows the last operation is not looked at again. */
	spec->length = offset;
	return collect(spec, &counts);
}

void spec_free(struct spec *spec)
{
	free(spec->args);
	memset(spec, 0, sizeof(*spec));
}

uint32_t op_u32(const struct op *op, size_t place)
{
	uint32_t value;

	memcpy(&value, op->fields + place * sizeof(value), sizeof(value));
	return value;
}

uint64_t op_u64(const struct op *op, size_t offset)
{
	uint64_t value;

	memcpy(&value, op->fields + offset, sizeof(value));
	return value;
}

const char *op_string(const struct op *op, size_t place)
{
	const char *string = op->strings;

	while (place--)
		string += strlen(string) + 1;
	return string;
}
