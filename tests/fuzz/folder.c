/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder share and a guest that says anything, several messages an input. The first byte chooses the kind
 * of share and the transport's largest message.
 */
#include "tests/fuzz/guest.h"
#include "tests/fuzz/tree.h"

#define MESSAGES 100 /* of an input */

static const uint32_t msizes[] = {4096, 5000, 65536, 131072};

/* A folder answers at once. */
static void no_reply(void *transport, const uint8_t *message, size_t length)
{
	(void)transport;
	(void)message;
	MUST(length == 0); /* it does not come here */
}

struct session {
	struct share *share;
	uint8_t *reply;
};

/* How much of what was asked for is in the answer. */
static void check_count(const uint8_t *reply, const struct guest_message *message)
{
	uint32_t wanted, got;

	if (reply[4] != P9_RREAD && reply[4] != P9_RREADDIR && reply[4] != P9_RLIST)
		return;
	memcpy(&wanted, message->bytes + P9_HEADER_SIZE + (reply[4] == P9_RLIST ? 8 : 12), sizeof(wanted));
	memcpy(&got, reply + P9_HEADER_SIZE, sizeof(got));
	MUST(got <= wanted);
}

/* False: the session is over. */
static bool say(struct session *session, const struct guest_message *message)
{
	uint8_t *exact = exact_copy(message->bytes, message->length);
	const struct folder *folder = (const struct folder *)session->share;
	struct p9_writer writer;
	enum share_answer answer;

	p9_writer_init(&writer, session->reply, session->share->max_msize);
	answer = share_message(session->share, exact, message->length, &writer);
	MUST(answer == SHARE_ANSWERED || answer == SHARE_BROKEN);
	if (answer == SHARE_ANSWERED) {
		MUST(writer.length <=
			(folder->share.msize ? folder->share.msize : session->share->max_msize));
		guest_check_reply(
			session->reply, writer.length, exact[4], (uint16_t)(exact[5] | exact[6] << 8));
		check_count(session->reply, message);
	} else {
		MUST(session->share->broken);
	}
	tree_check_limits(session->share);
	free(exact);
	return answer == SHARE_ANSWERED;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	tree_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest_message message;
	struct input in = {data, size};
	uint8_t kind = input_u8(&in);
	struct session session;
	bool goes_on = true;

	tree_fill();
	session.share = tree_share(kind);
	session.share->reply = no_reply;
	session.share->max_msize = msizes[kind >> 3 & 3];
	session.reply = malloc(session.share->max_msize);
	MUST(session.reply);
	if (!(kind & 0x80)) {
		guest_version(&message, UINT32_MAX);
		say(&session, &message);
		guest_attach(&message, 0, kind >> 5 & 1);
		say(&session, &message);
	}
	for (int i = 0; i < MESSAGES && in.left && goes_on; i++) {
		uint8_t what = input_u8(&in);

		if (what == 0xfe) {
			tree_disturb(input_u8(&in));
			continue;
		}
		guest_next(&message, &in, what);
		goes_on = say(&session, &message);
	}
	tree_check(session.share);
	/* And somebody else's, of the lock. */
	MUST(tree_open_fds() == tree.open_fds + 1 + tree_descriptors(session.share));
	session.share->free(session.share);
	free(session.reply);
	tree_clear();
	return 0;
}
