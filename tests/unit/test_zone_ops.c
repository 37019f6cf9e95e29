/* SPDX-License-Identifier: Apache-2.0 */
/* Zone init's decoder of process specs: what it takes, what it refuses, and that garbage does it no harm. */
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "tests/unit/zone_spec.h"

/* Zone init is a program of its own: nothing of it is linked with xenrun. */
#include "initramfs/ops.c"

static void put_exec(void)
{
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	put(ZONE_OP_READY, NULL, 0);
	put(ZONE_OP_EXEC, NULL, 0);
}

static void put_container(void)
{
	static const uint8_t mount[] = "\x06\0\0\0\0\0\4\0tmpfs\0none\0/dev\0mode=755";
	static const uint32_t user[] = {1000, 1001, 022}, groups[] = {5, 6, 7};
	static const uint8_t cwd[] = "\1\0\0\0/work", root[] = "\0\0\0\0cache=loose";
	static const uint64_t filter[] = {0, 0x7fff000000000006}, scheduler[6] = {1};
	static const uint32_t map[] = {0, 100000, 1000, 1000, 200000, 1}, offset[] = {1, 999999999, 5, 0};
	static const uint64_t attributes[] = {1, 0x70, 0};

	spec_length = 0;
	put_u32(ZONE_OP_CLONE, 0x20000);
	put(ZONE_OP_UID_MAP, map, sizeof(map));
	put(ZONE_OP_GID_MAP, map, sizeof(map) / 2);
	put(ZONE_OP_TIME_OFFSET, offset, sizeof(offset));
	PUT_STRINGS(ZONE_OP_CGROUP, "pids.max\0max");
	PUT_STRINGS(ZONE_OP_CGROUP_TRY, "io.weight\0"
					"50");
	put(ZONE_OP_DEVICES, filter, sizeof(filter));
	put(ZONE_OP_ROOT, root, sizeof(root));
	put(ZONE_OP_MOUNT, mount, sizeof(mount));
	put(ZONE_OP_MOUNT_COPY, mount, sizeof(mount));
	PUT_BOTH(ZONE_OP_MOUNT_ATTR, attributes, "/dev");
	put(ZONE_OP_PIVOT, NULL, 0);
	PUT_STRINGS(ZONE_OP_SYSCTL, "net/ipv4/ip_forward\0"
				    "1");
	put(ZONE_OP_GROUPS, groups, sizeof(groups));
	put(ZONE_OP_USER, user, sizeof(user));
	put(ZONE_OP_SECCOMP, filter, sizeof(filter));
	put(ZONE_OP_SCHEDULER, scheduler, sizeof(scheduler));
	put_u32(ZONE_OP_IO_PRIORITY, 2 << 13);
	put(ZONE_OP_CWD, cwd, sizeof(cwd));
	PUT_STRINGS(ZONE_OP_ENV, "PATH=/bin");
	PUT_STRINGS(ZONE_OP_ENV, "A=");
	PUT_STRINGS(ZONE_OP_ARG, "ls");
	put_exec();
}

/* Decodes what was put; the errno, or 0. */
static int decode(struct spec *spec, uint32_t *index)
{
	int result;

	errno = 0;
	result = spec_decode(spec, spec_bytes, spec_length, index);
	return result ? errno : 0;
}

static int refused_at(uint32_t expected)
{
	struct spec spec;
	uint32_t index;
	int error = decode(&spec, &index);

	spec_free(&spec);
	return index == expected ? error : -(int)index - 1;
}

static void takes_a_container(void)
{
	const uint8_t *position = NULL;
	struct op op = {0};
	struct spec spec;
	uint32_t index, count = 0;

	put_container();
	CHECK(spec_complete(spec_bytes, spec_length));
	CHECK(!spec_complete(spec_bytes, spec_length - 8));
	CHECK_EQ(decode(&spec, &index), 0);
	CHECK(spec.container);
	CHECK_EQ(spec.clone_flags, 0x20000);
	CHECK(!strcmp(spec.args[0], "ls") && !strcmp(spec.args[1], "sh") && !spec.args[2]);
	CHECK(!strcmp(spec.env[0], "PATH=/bin") && !strcmp(spec.env[1], "A=") && !spec.env[2]);
	CHECK_EQ(spec.groups.tail_length, 12);
	CHECK_EQ(spec.user.index, 14);
	CHECK_EQ(spec.uid_map.tail_length, 24);
	CHECK(spec.gid_map.tail_length == 12 && spec.gid_map.index == 2);
	CHECK_EQ(op_u32(&spec.user, 1), 1001);
	CHECK_EQ(spec.seccomp.tail_length, 8);
	CHECK_EQ((uintptr_t)spec.seccomp.tail % 8, 0);
	CHECK(!strcmp(spec.cwd.strings, "/work"));
	CHECK_EQ(op_u32(&spec.cwd, 0), 1);
	CHECK(!spec.capabilities.fields && !spec.no_new_privileges.fields);
	while (spec_next(&spec, &position, &op)) {
		CHECK_EQ(op.index, count);
		if (op.type == ZONE_OP_MOUNT) {
			CHECK_EQ(op_u32(&op, 0), 6);
			CHECK_EQ(op_u32(&op, 1), 1 << 18);
			CHECK(!strcmp(op_string(&op, 0), "tmpfs"));
			CHECK(!strcmp(op_string(&op, 3), "mode=755"));
		}
		count++;
	}
	CHECK_EQ(count, 25);
	spec_free(&spec);
}

/* Timeout, arguments, variables, flags; the strings follow. */
#define PUT_HOOK(args, env, strings)                             \
	do {                                                     \
		const uint32_t fields[] = {7, (args), (env), 1}; \
		PUT_BOTH(ZONE_OP_HOOK, fields, strings);         \
	} while (0)

static void put_ready(void)
{
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	put(ZONE_OP_READY, NULL, 0);
}

static void put_hooks(void)
{
	put_ready();
	PUT_HOOK(2, 1, "/hook\0{}\0name\0arg\0A=1");
	PUT_HOOK(1, 0, "/other\0{}\0/other");
	put(ZONE_OP_EXEC, NULL, 0);
}

static void takes_hooks(void)
{
	struct spec spec;
	uint32_t index;
	char **hook;

	put_hooks();
	CHECK_EQ(decode(&spec, &index), 0);
	hook = spec.hooks;
	CHECK(!strcmp(spec.args[0], "sh") && !spec.args[1] && !spec.env[0]);
	CHECK(!strcmp(hook[0], "name") && !strcmp(hook[1], "arg") && !hook[2]);
	CHECK(!strcmp(hook[3], "A=1") && !hook[4]);
	CHECK(!strcmp(hook[5], "/other") && !hook[6] && !hook[7]);
	spec_free(&spec);
}

static void refuses_wrong_hooks(void)
{
	/* Fewer strings than it says, more, and as many as no spec has. */
	put_ready();
	PUT_HOOK(2, 1, "/hook\0{}\0name\0arg");
	CHECK_EQ(refused_at(2), EBADMSG);
	put_ready();
	PUT_HOOK(1, 0, "/hook\0{}\0name\0arg");
	CHECK_EQ(refused_at(2), EBADMSG);
	put_ready();
	PUT_HOOK(UINT32_MAX, UINT32_MAX, "/hook\0{}\0name");
	CHECK_EQ(refused_at(2), EBADMSG);
	put_ready();
	put(ZONE_OP_HOOK, "\0\0\0\0", 4);
	CHECK_EQ(refused_at(2), EBADMSG);
	/* Before the process is ready, before anything else than the exec. */
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	PUT_HOOK(1, 0, "/hook\0{}\0name");
	CHECK_EQ(refused_at(1), EBADMSG);
	put_ready();
	PUT_HOOK(1, 0, "/hook\0{}\0name");
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	CHECK_EQ(refused_at(3), EBADMSG);
}

static void takes_an_exec(void)
{
	struct spec spec;
	uint32_t index;

	spec_length = 0;
	put_exec();
	CHECK_EQ(decode(&spec, &index), 0);
	CHECK(!spec.container);
	CHECK(spec.args[0] && !spec.args[1] && !spec.env[0]);
	spec_free(&spec);
}

/* Nothing after the last operation is looked at. */
static void ends_at_exec(void)
{
	struct spec spec;
	uint32_t index;

	spec_length = 0;
	put_exec();
	memset(spec_bytes + spec_length, 0xff, 64);
	spec_length += 64;
	CHECK_EQ(decode(&spec, &index), 0);
	spec_free(&spec);
}

static void takes_limits(void)
{
	struct spec spec;
	uint32_t index;

	spec_length = 0;
	PUT_STRINGS(ZONE_OP_CGROUP, "pids.max\0"
				    "7");
	PUT_STRINGS(ZONE_OP_CGROUP_TRY, "io.weight\0"
					"100");
	put(ZONE_OP_LIMITS, NULL, 0);
	put_exec();
	CHECK_EQ(decode(&spec, &index), 0);
	CHECK_EQ(spec.query, ZONE_OP_LIMITS);
	spec_free(&spec);
	spec_length = 0;
	put(ZONE_OP_LIMITS, NULL, 0);
	CHECK_EQ(decode(&spec, &index), 0);
	spec_free(&spec);
	/* No limits of a process, nor of a container to be. */
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	put(ZONE_OP_LIMITS, NULL, 0);
	CHECK_EQ(refused_at(1), EBADMSG);
	spec_length = 0;
	put_u32(ZONE_OP_CLONE, 0x20000);
	PUT_STRINGS(ZONE_OP_CGROUP, "a\0b");
	put(ZONE_OP_LIMITS, NULL, 0);
	CHECK_EQ(refused_at(2), EBADMSG);
}

static void refuses_what_is_cut_short(void)
{
	put_container();
	for (size_t whole = spec_length, cut = 0; cut < whole; cut++) {
		struct spec spec;
		uint32_t index;

		spec_length = cut;
		CHECK(!spec_complete(spec_bytes, spec_length));
		CHECK_EQ(decode(&spec, &index), EBADMSG);
		spec_free(&spec);
	}
}

static void refuses_wrong_layouts(void)
{
	spec_length = 0;
	put(ZONE_OP_CLONE, "\0\0", 2);
	CHECK_EQ(refused_at(0), EBADMSG);
	spec_length = 0;
	put(ZONE_OP_ENV, "A=1", 3);
	CHECK_EQ(refused_at(0), EBADMSG);
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ENV, "A=1\0more");
	CHECK_EQ(refused_at(0), EBADMSG);
	spec_length = 0;
	put(ZONE_OP_ENV, "", 0);
	CHECK_EQ(refused_at(0), EBADMSG);
	/* Half a range. */
	spec_length = 0;
	put(ZONE_OP_UID_MAP, "\0\0\0\0\0\0\0\0", 8);
	CHECK_EQ(refused_at(0), EBADMSG);
	spec_length = 0;
	put(ZONE_OP_GROUPS, "\0\0\0\0\0", 5);
	CHECK_EQ(refused_at(0), EBADMSG);
	spec_length = 0;
	put_u32(ZONE_OP_NO_NEW_PRIVILEGES, 1);
	CHECK_EQ(refused_at(0), EBADMSG);
	spec_length = 0;
	put(ZONE_OP_SCHEDULER, "\0\0\0\0", 4);
	CHECK_EQ(refused_at(0), EBADMSG);
	spec_length = 0;
	put(ZONE_OP_AFFINITY, "\1\0\0\0", 4);
	CHECK_EQ(refused_at(0), EBADMSG);
	spec_length = 0;
	put_u32(0xffff, 1);
	CHECK_EQ(refused_at(0), EOPNOTSUPP);
}

static void refuses_names_that_lead_elsewhere(void)
{
	static const char *const names[] = {"", ".", "..", "a/b", "/a"};
	char payload[NAME_MAX + 16] = {0};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		spec_length = 0;
		put_u32(ZONE_OP_CLONE, 0x20000);
		put(ZONE_OP_SHM, payload, (size_t)sprintf(payload, "%s%csize=1m", names[i], 0) + 1);
		CHECK_EQ(refused_at(1), EBADMSG);
	}
	/* As long as a folder's may be; one more is too long. What is refused is what comes behind. */
	for (size_t length = NAME_MAX; length <= NAME_MAX + 1; length++) {
		memset(payload, 0, sizeof(payload));
		memset(payload, 'a', length);
		spec_length = 0;
		put_u32(ZONE_OP_CLONE, 0x20000);
		put(ZONE_OP_SHM, payload, length + 2);
		put(ZONE_OP_LIMITS, NULL, 0);
		CHECK_EQ(refused_at(length == NAME_MAX ? 2 : 1), EBADMSG);
	}
}

static void put_descriptor(uint32_t number, uint32_t flags)
{
	uint32_t fields[] = {number, flags};

	put(ZONE_OP_DESCRIPTOR, fields, sizeof(fields));
}

static void takes_descriptors(void)
{
	struct spec spec;
	uint32_t index;

	spec_length = 0;
	put_descriptor(3, ZONE_DESCRIPTOR_OUT);
	put_descriptor(4, ZONE_DESCRIPTOR_IN | ZONE_DESCRIPTOR_OUT);
	put_exec();
	CHECK_EQ(decode(&spec, &index), 0);
	CHECK_EQ(spec.descriptors, 2);
	CHECK(spec.descriptor_flags[0] == 2 && spec.descriptor_flags[1] == 3);
	spec_free(&spec);
	/* A gap, no direction, one that there is not. */
	for (int wrong = 0; wrong < 3; wrong++) {
		spec_length = 0;
		put_descriptor(3, ZONE_DESCRIPTOR_IN);
		put_descriptor(wrong ? 4 : 5, wrong == 1 ? 0 : wrong == 2 ? 4 : 1);
		put_exec();
		CHECK_EQ(refused_at(1), EBADMSG);
	}
	/* More than there may be. */
	spec_length = 0;
	for (uint32_t i = 0; i <= ZONE_DESCRIPTORS_MAX; i++)
		put_descriptor(3 + i, ZONE_DESCRIPTOR_IN);
	put_exec();
	CHECK_EQ(refused_at(ZONE_DESCRIPTORS_MAX), EBADMSG);
}

static void refuses_wrong_orders(void)
{
	spec_length = 0;
	put_u32(ZONE_OP_CLONE, 0);
	put_u32(ZONE_OP_CLONE, 0);
	CHECK_EQ(refused_at(1), EBADMSG);
	/* An exec writes in its cgroup, and brings it no rules; it makes no mounts. */
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_CGROUP_TRY, "a\0b");
	put(ZONE_OP_DEVICES, NULL, 0);
	CHECK_EQ(refused_at(1), EBADMSG);
	spec_length = 0;
	put(ZONE_OP_PIVOT, NULL, 0);
	CHECK_EQ(refused_at(0), EBADMSG);
	spec_length = 0;
	put(ZONE_OP_READY, NULL, 0);
	CHECK_EQ(refused_at(0), EBADMSG);
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	put(ZONE_OP_EXEC, NULL, 0);
	CHECK_EQ(refused_at(1), EBADMSG);
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	put(ZONE_OP_READY, NULL, 0);
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	CHECK_EQ(refused_at(2), EBADMSG);
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	put(ZONE_OP_READY, NULL, 0);
	put(ZONE_OP_READY, NULL, 0);
	CHECK_EQ(refused_at(2), EBADMSG);
}

static void keeps_networks_apart(void)
{
	static const uint8_t address[64], route[88];
	static const uint32_t interface[4];
	struct spec spec;
	uint32_t index;

	spec_length = 0;
	PUT_BOTH(ZONE_OP_INTERFACE, interface, "eth0");
	put(ZONE_OP_ADDRESS, address, sizeof(address));
	put(ZONE_OP_ROUTE, route, sizeof(route));
	CHECK(!spec_complete(spec_bytes, spec_length));
	put(ZONE_OP_NETWORK, NULL, 0);
	CHECK(spec_complete(spec_bytes, spec_length));
	CHECK_EQ(decode(&spec, &index), 0);
	CHECK(spec.query == ZONE_OP_NETWORK && !spec.container);
	spec_free(&spec);
	spec_length = 0;
	put(ZONE_OP_CONNECTION, NULL, 0);
	CHECK_EQ(decode(&spec, &index), 0);
	CHECK_EQ(spec.query, ZONE_OP_CONNECTION);
	spec_free(&spec);
	spec_length = 0;
	put_u32(ZONE_OP_CLONE, 0);
	put(ZONE_OP_CONNECTION, NULL, 0);
	CHECK_EQ(refused_at(1), EBADMSG);
	/* With a resolver, one, and there alone. */
	spec_length = 0;
	put(ZONE_OP_RESOLVER, "\x7f\0\0\x0b", 4);
	put(ZONE_OP_NETWORK, NULL, 0);
	CHECK_EQ(decode(&spec, &index), 0);
	CHECK(spec.resolver.fields && !memcmp(spec.resolver.fields, "\x7f\0\0\x0b", 4));
	spec_free(&spec);
	spec_length = 0;
	put(ZONE_OP_RESOLVER, "\x7f\0\0\x0b", 4);
	put(ZONE_OP_RESOLVER, "\x7f\0\0\x0b", 4);
	CHECK_EQ(refused_at(1), EBADMSG);
	spec_length = 0;
	put_u32(ZONE_OP_CLONE, 0);
	put(ZONE_OP_RESOLVER, "\x7f\0\0\x0b", 4);
	CHECK_EQ(refused_at(1), EBADMSG);
	spec_length = 0;
	put(ZONE_OP_RESOLVER, "\x7f\0\0", 3);
	CHECK_EQ(refused_at(0), EBADMSG);
	/* In a container's it is one of many; an exec has none. */
	spec_length = 0;
	put_u32(ZONE_OP_CLONE, 0);
	put(ZONE_OP_ADDRESS, address, sizeof(address));
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	put(ZONE_OP_READY, NULL, 0);
	put(ZONE_OP_EXEC, NULL, 0);
	CHECK_EQ(decode(&spec, &index), 0);
	spec_free(&spec);
	spec_length = 0;
	put(ZONE_OP_ADDRESS, address, sizeof(address));
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	CHECK_EQ(refused_at(1), EBADMSG);
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	put(ZONE_OP_ADDRESS, address, sizeof(address));
	CHECK_EQ(refused_at(1), EBADMSG);
	spec_length = 0;
	PUT_STRINGS(ZONE_OP_ARG, "sh");
	put(ZONE_OP_NETWORK, NULL, 0);
	CHECK_EQ(refused_at(1), EBADMSG);
	spec_length = 0;
	put_u32(ZONE_OP_CLONE, 0);
	put(ZONE_OP_NETWORK, NULL, 0);
	CHECK_EQ(refused_at(1), EBADMSG);
	spec_length = 0;
	put(ZONE_OP_ROUTE, route, sizeof(route) - 1);
	CHECK_EQ(refused_at(0), EBADMSG);
}

/* Uses every part of a spec that was taken, where a sanitizer sees a read beyond its end. */
static size_t use(const struct spec *spec)
{
	const uint8_t *position = NULL;
	struct op op = {0};
	size_t sum = 0, hook_pointers = 0;

	while (spec_next(spec, &position, &op)) {
		const struct layout *layout = layout_of(op.type);

		if (op.type == ZONE_OP_HOOK)
			hook_pointers += (size_t)op_u32(&op, HOOK_ARGS) + op_u32(&op, HOOK_ENV) + 2;

		for (size_t i = 0; i < layout->fields / 4U; i++)
			sum += op_u32(&op, i);
		for (size_t i = 0; i < layout->strings; i++)
			sum += strlen(op_string(&op, i));
		for (size_t i = 0; layout->unit && i < op.tail_length; i++)
			sum += op.tail[i];
	}
	for (char **hook = spec->hooks; hook < spec->hooks + hook_pointers; hook++)
		sum += *hook ? strlen(*hook) : 0;
	for (char **arg = spec->args; *arg; arg++)
		sum += strlen(*arg);
	for (char **variable = spec->env; *variable; variable++)
		sum += strlen(*variable);
	return sum;
}

static void survives_garbage(void)
{
	unsigned taken = 0, refused = 0;

	srand(1);
	for (int round = 0; round < 200000; round++) {
		struct spec spec;
		uint32_t index;
		uint8_t *copy;

		if (rand() % 4)
			put_container();
		else
			put_hooks();
		for (int i = rand() % 4; i >= 0; i--)
			spec_bytes[(size_t)rand() % spec_length] =
				(uint8_t)(rand() % 4 ? rand() % 64 : rand());
		if (rand() % 8 == 0)
			spec_length = (size_t)rand() % spec_length;
		/* Exactly as large as it is, so that the byte after it is somebody else's. */
		copy = malloc(spec_length ? spec_length : 1);
		memcpy(copy, spec_bytes, spec_length);
		spec_complete(copy, spec_length);
		if (!spec_decode(&spec, copy, spec_length, &index)) {
			taken++;
			use(&spec);
		} else {
			refused++;
			CHECK(errno == EBADMSG || errno == EOPNOTSUPP);
		}
		spec_free(&spec);
		free(copy);
	}
	/* Both ways were gone. */
	CHECK(taken > 1000 && refused > 1000);
}

int main(void)
{
	RUN(takes_a_container);
	RUN(takes_hooks);
	RUN(refuses_wrong_hooks);
	RUN(takes_an_exec);
	RUN(ends_at_exec);
	RUN(takes_limits);
	RUN(refuses_what_is_cut_short);
	RUN(refuses_wrong_layouts);
	RUN(refuses_names_that_lead_elsewhere);
	RUN(takes_descriptors);
	RUN(refuses_wrong_orders);
	RUN(keeps_networks_apart);
	RUN(survives_garbage);
	return unit_end();
}
