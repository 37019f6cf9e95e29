/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hostile kernel does. It speaks 9P as it should until dom0 takes its container for one that runs;
 * then it does what its command line says, attack=NAME. (Of some names offer() of guest.c knows: its devices
 * are to be refused.) What it has seen it writes to files at the top of its root.
 */
#include "initramfs/zone_wire.h"
#include "rootfs/p9.h"
#include "tests/attack/kernel/guest.h"

#define MSIZE 8192
#define TAG   7

static struct message {
	uint8_t bytes[HALF];
	uint32_t length;
} request, answer;

/* Messages. */

static void put(uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		request.bytes[request.length++] = (uint8_t)(value >> 8 * i);
}

static void put_two(uint32_t one, uint32_t other)
{
	put(one, 4);
	put(other, 4);
}

static void put_text(const char *text)
{
	put(strlen(text), 2);
	for (size_t i = 0; text[i]; i++)
		put((uint8_t)text[i], 1);
}

static void begin_message(enum p9_type type)
{
	request.length = 0;
	put(0, 4);
	put(type, 1);
	put(TAG, 2);
}

static void set_size(uint32_t size)
{
	memcpy(request.bytes, &size, sizeof(size));
}

static void send(struct front *front)
{
	set_size(request.length);
	put_bytes(front, request.bytes, request.length);
}

/* Returns the type of the next answer. */
static uint8_t take(struct front *front)
{
	take_bytes(front, answer.bytes, P9_HEADER_SIZE);
	memcpy(&answer.length, answer.bytes, sizeof(answer.length));
	if (answer.length < P9_HEADER_SIZE || answer.length > HALF)
		fail("the server's answer is none");
	take_bytes(front, answer.bytes + P9_HEADER_SIZE, answer.length - P9_HEADER_SIZE);
	notify(front->port);
	return answer.bytes[4];
}

static uint32_t error_number(void)
{
	uint32_t number;

	memcpy(&number, answer.bytes + P9_HEADER_SIZE, sizeof(number));
	return answer.bytes[4] == P9_RLERROR ? number : 0;
}

static void call(struct front *front)
{
	uint8_t type = request.bytes[4];

	send(front);
	if (take(front) != type + 1)
		fail("the server refuses an honest request");
}

static void session(struct front *front)
{
	begin_message(P9_TVERSION);
	put(MSIZE, 4);
	put_text(P9_VERSION);
	call(front);
	begin_message(P9_TATTACH);
	put(0, 4);
	put(P9_NO_FID, 4);
	put_text("");
	put_text("");
	put(0, 4);
	call(front);
}

/* Without a name to where it comes from. */
static void make_walk_from(uint32_t from, uint32_t fid, const char *name)
{
	begin_message(P9_TWALK);
	put_two(from, fid);
	put(name ? 1 : 0, 2);
	if (name)
		put_text(name);
}

static void make_walk(uint32_t fid, const char *name)
{
	make_walk_from(0, fid, name);
}

static void write_and_clunk(struct front *front, const void *bytes, uint32_t length)
{
	begin_message(P9_TWRITE);
	put(1, 4);
	put(0, 8);
	put(length, 4);
	for (uint32_t i = 0; i < length; i++)
		put(((const uint8_t *)bytes)[i], 1);
	call(front);
	begin_message(P9_TCLUNK);
	put(1, 4);
	call(front);
}

static void report(uint32_t type)
{
	struct zone_report what = {.type = type};

	make_walk(1, "reports");
	call(&fronts[CONTROL]);
	begin_message(P9_TLOPEN);
	put(1, 4);
	put(1, 4);
	call(&fronts[CONTROL]);
	write_and_clunk(&fronts[CONTROL], &what, sizeof(what));
}

/* Makes a file at the top of the root. */
static void say(const char *name, const char *text)
{
	make_walk(1, NULL);
	call(&fronts[ROOT]);
	begin_message(P9_TLCREATE);
	put(1, 4);
	put_text(name);
	put(1 | P9_OPEN_CREATE, 4);
	put(0644, 4);
	put(0, 4);
	call(&fronts[ROOT]);
	write_and_clunk(&fronts[ROOT], text, (uint32_t)strlen(text));
}

/* Attacks. */

static void send_sized(uint32_t size)
{
	make_walk(2, NULL);
	set_size(size);
	put_bytes(&fronts[ROOT], request.bytes, request.length);
}

static void size_short(void)
{
	send_sized(P9_HEADER_SIZE - 1);
}

/* One byte more than was agreed upon, which the ring has room for. */
static void size_over(void)
{
	begin_message(P9_TWRITE);
	put(0, 4);
	put(0, 8);
	put(MSIZE + 1 - P9_WRITE_HEADER_SIZE, 4);
	while (request.length < MSIZE + 1)
		put(0, 1);
	send(&fronts[ROOT]);
}

static void index_ahead(void)
{
	fronts[ROOT].intf->out_prod = fronts[ROOT].intf->out_cons + HALF + 1;
	notify(fronts[ROOT].port);
}

static void index_taken(void)
{
	fronts[ROOT].intf->in_cons = fronts[ROOT].intf->in_prod + 1;
	make_walk(2, NULL);
	send(&fronts[ROOT]);
}

/* A name that ends in the message behind it. */
static void name_overlaps(void)
{
	make_walk(2, "bin");
	request.bytes[request.length - 5] = 40;
	set_size(request.length);
	while (request.length < 256)
		put(0, 1);
	put_bytes(&fronts[ROOT], request.bytes, request.length);
}

/* A write of more bytes than come. */
static void write_cut(void)
{
	begin_message(P9_TWRITE);
	put(0, 4);
	put(0, 8);
	put(4096, 4);
	put(0, 8);
	send(&fronts[ROOT]);
}

/* More than its type has, and to the other share. */
static void surplus(void)
{
	begin_message(P9_TCLUNK);
	put(0, 4);
	put(0, 1);
	send(&fronts[CONTROL]);
}

/* What is no violation is answered, and the session goes on. */
static void odd(void)
{
	struct front *root = &fronts[ROOT];
	uint32_t half;

	/* No type of 9P's; one of an answer. */
	for (int type = 99; type <= P9_RGETATTR; type += P9_RGETATTR - 99) {
		begin_message((enum p9_type)type);
		send(root);
		take(root);
		if (error_number() != 95)
			fail("an unknown request is not refused with EOPNOTSUPP");
	}
	/* A piece at a time, from within the size on. */
	make_walk(2, "bin");
	set_size(request.length);
	half = request.length - 5;
	for (uint32_t i = 0; i < half; i++)
		put_bytes(root, request.bytes + i, 1);
	for (int i = 0; i < 1000; i++)
		give_way();
	if (answered(root))
		fail("half a request is answered");
	put_bytes(root, request.bytes + half, request.length - half);
	if (take(root) != P9_RWALK)
		fail("a request that came in parts is refused");
	/* The same again, with the same tag and fid, before the first is answered. */
	for (int i = 0; i < 3; i++) {
		make_walk(3, "bin");
		send(root);
	}
	if (take(root) != P9_RWALK || take(root) != P9_RLERROR || take(root) != P9_RLERROR)
		fail("a fid is taken twice");
	/* Another session in place of this one. */
	session(root);
	begin_message(P9_TCLUNK);
	put(2, 4);
	send(root);
	take(root);
	if (error_number() != 9)
		fail("a fid outlives its session");
	say("odd", "lives");
}

static const char *text_of(uint32_t number)
{
	static char text[11];
	char *digit = text + sizeof(text) - 1;

	do
		*--digit = (char)('0' + number % 10);
	while (number /= 10);
	return digit;
}

/* Requests until no more fit, and no answer is taken; then events without end; until dom0 says so. */
static void endless(void)
{
	struct front *root = &fronts[ROOT];
	uint32_t sent = 0, more = 0;

	begin_message(P9_TGETATTR);
	put(0, 4);
	put(P9_GETATTR_BASIC, 8);
	set_size(request.length);
	for (int quiet = 0; quiet < 10000; quiet++, give_way())
		for (; room(root) >= request.length; quiet = 0, sent++)
			put_bytes(root, request.bytes, request.length);
	store_ask("control/full", "1");
	while (!store_ask("control/events", NULL))
		give_way();
	while (!store_ask("control/stop", NULL))
		for (int i = 0; i < 1000; i++) {
			notify(root->port);
			if (room(root) >= request.length)
				more++;
		}
	for (; sent; sent--)
		if (take(root) != P9_RGETATTR)
			fail("not every request is answered");
	if (answered(root))
		fail("there are more answers than requests");
	say("endless", more ? "more" : "none");
}

/* As many files at once as it can have, and each of them open. */
static void files(void)
{
	struct front *root = &fronts[ROOT];
	uint32_t fid = 10, last = 0;

	do {
		for (uint32_t i = 0; i < 64; i++) {
			make_walk(fid + i, "file");
			send(root);
			begin_message(P9_TLOPEN);
			put_two(fid + i, 2);
			send(root);
		}
		for (uint32_t i = 0; i < 64; i++) {
			uint8_t walked = take(root);

			if (walked != P9_RWALK)
				last = error_number();
			if ((take(root) == P9_RLOPEN) != (walked == P9_RWALK))
				fail("not each file is opened, or one that is none");
			fid += walked == P9_RWALK;
		}
	} while (!last);
	begin_message(P9_TCLUNK);
	put(10, 4);
	call(root);
	say(last == 24 ? "EMFILE" : "other", text_of(fid - 10));
}

/* Requests with a name, or to a fid, that is to be refused. */

static uint32_t refusals;

static void refused(void)
{
	send(&fronts[ROOT]);
	take(&fronts[ROOT]);
	if (!error_number())
		fail("what leads out of the root is not refused");
	refusals++;
}

static void make_renameat(uint32_t from, const char *old, uint32_t to, const char *new)
{
	begin_message(P9_TRENAMEAT);
	put(from, 4);
	put_text(old);
	put(to, 4);
	put_text(new);
}

/* A request of each kind that takes a name in a folder. fid 3 is a file's. */
static void refused_in(uint32_t dir, const char *name)
{
	make_walk_from(dir, 20, name);
	refused();
	begin_message(P9_TWALKGETATTR);
	put_two(dir, 20);
	put_text(name);
	put(P9_GETATTR_BASIC, 8);
	refused();
	begin_message(P9_TLCREATE);
	put(dir, 4);
	put_text(name);
	put_two(2, 0644);
	put(0, 4);
	refused();
	begin_message(P9_TMKDIR);
	put(dir, 4);
	put_text(name);
	put_two(0755, 0);
	refused();
	begin_message(P9_TSYMLINK);
	put(dir, 4);
	put_text(name);
	put_text("/");
	put(0, 4);
	refused();
	begin_message(P9_TMKNOD);
	put(dir, 4);
	put_text(name);
	put(0100644, 4);
	put_two(0, 0);
	put(0, 4);
	refused();
	begin_message(P9_TLINK);
	put_two(dir, 3);
	put_text(name);
	refused();
	begin_message(P9_TRENAME);
	put_two(3, dir);
	put_text(name);
	refused();
	make_renameat(2, "f", dir, name);
	refused();
	make_renameat(dir, name, 0, "taken");
	refused();
	for (uint32_t flags = 0; flags <= P9_AT_REMOVEDIR; flags += P9_AT_REMOVEDIR) {
		begin_message(P9_TUNLINKAT);
		put(dir, 4);
		put_text(name);
		put(flags, 4);
		refused();
	}
}

/* Of a symlink, which fid 5 is: it is no folder, nor anything to open. */
static void refused_of_link(void)
{
	refused_in(5, "canary");
	for (uint32_t flags = 0; flags < 4; flags++) {
		begin_message(P9_TLOPEN);
		put_two(5, flags);
		refused();
	}
	begin_message(P9_TREAD);
	put(5, 4);
	put(0, 8);
	put(100, 4);
	refused();
	begin_message(P9_TREADDIR);
	put(5, 4);
	put(0, 8);
	put(4096, 4);
	refused();
	begin_message(P9_TLIST);
	put_two(5, 0);
	put(4096, 4);
	refused();
	begin_message(P9_TWRITE);
	put(5, 4);
	put(0, 8);
	put(1, 4);
	put('x', 1);
	refused();
	/* The size of what it points to. */
	begin_message(P9_TSETATTR);
	put_two(5, P9_SETATTR_SIZE);
	for (int i = 0; i < 3; i++)
		put(0, 4);
	for (int i = 0; i < 5; i++)
		put(0, 8);
	refused();
}

/* Out of its root: there are a folder d with a file f, and symlinks out of it, up and out. No program of a
 * guest's can ask this, for its kernel resolves names. */
static void paths(void)
{
	static const char *const names[] = {
		"", ".", "..", "/", "../canary", "d/..", "d/f", "/etc", "d/", "../../../../proc/1/root"};
	static const char *const links[] = {"up", "out"};
	struct front *root = &fronts[ROOT];

	make_walk(2, "d");
	call(root);
	make_walk_from(2, 3, "f");
	call(root);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (uint32_t dir = 0; dir <= 2; dir += 2)
			refused_in(dir, names[i]);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		make_walk(5, links[i]);
		call(root);
		refused_of_link();
		begin_message(P9_TCLUNK);
		put(5, 4);
		call(root);
	}
	/* A folder that is moved stays what it is, and where it is: there is no way up from it. */
	begin_message(P9_TMKDIR);
	put(0, 4);
	put_text("e");
	put_two(0755, 0);
	call(root);
	make_renameat(0, "d", 0, "moved");
	call(root);
	make_walk(6, "e");
	call(root);
	make_renameat(0, "moved", 6, "d");
	call(root);
	refused_in(2, "..");
	begin_message(P9_TMKDIR);
	put(2, 4);
	put_text("h");
	put_two(0755, 0);
	call(root);
	/* What names no folder knows where it is, too. */
	begin_message(P9_TRENAME);
	put_two(3, 0);
	put_text("g");
	call(root);
	make_walk(7, "g");
	call(root);
	begin_message(P9_TREMOVE);
	put(3, 4);
	call(root);
	say("paths", text_of(refusals));
}

static const struct attack {
	const char *name;
	void (*make)(void);
} attacks[] = {
	{"size-short", size_short},
	{"size-over", size_over},
	{"index-ahead", index_ahead},
	{"index-taken", index_taken},
	{"name-overlaps", name_overlaps},
	{"write-cut", write_cut},
	{"surplus", surplus},
	{"odd", odd},
	{"endless", endless},
	{"files", files},
	{"paths", paths},
};

void attack(void)
{
	for (uint32_t number = 0; number < DEVICES; number++)
		session(&fronts[number]);
	report(ZONE_REPORT_BOOTED);
	report(ZONE_REPORT_CREATED);
	report(ZONE_REPORT_STARTED);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++)
		if (is_told(attacks[i].name))
			attacks[i].make();
}
