/* SPDX-License-Identifier: Apache-2.0 */
/* The control share between a guest that says anything and a dom0 that answers now, later or never. */
#include "tests/fuzz/dom0.h"

#define MESSAGES 200 /* of an input */

static const uint32_t msizes[] = {4096, 4097, 65536, 131072};

static void reply_later(void *transport, const uint8_t *message, size_t length)
{
	const struct share *share = transport;

	MUST(length <= share->max_msize);
	dom0_answered(message, length);
}

/* False: the session is over. */
static bool say(struct share *share, const struct guest_message *message, uint8_t *reply)
{
	uint8_t *exact = exact_copy(message->bytes, message->length);
	enum share_answer answer;
	struct p9_writer writer;

	p9_writer_init(&writer, reply, share->max_msize);
	answer = share_message(share, exact, message->length, &writer);
	if (answer == SHARE_ANSWERED) {
		guest_check_reply(reply, writer.length, exact[4], (uint16_t)(exact[5] | exact[6] << 8));
		dom0_settle(exact, message->length);
	} else if (answer == SHARE_LATER) {
		dom0_waits(exact);
	} else {
		MUST(share->broken);
	}
	dom0_check();
	free(exact);
	return answer != SHARE_BROKEN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest_message message;
	struct input in = {data, size};
	uint8_t kind = input_u8(&in), *reply;
	struct share *share = dom0_share(&in);
	bool goes_on = true;

	share->reply = reply_later;
	share->transport = share;
	share->max_msize = msizes[kind & 3];
	reply = malloc(share->max_msize);
	MUST(reply);
	if (!(kind & 0x80)) {
		guest_version(&message, UINT32_MAX);
		say(share, &message, reply);
		guest_attach(&message, 0, 0);
		say(share, &message, reply);
	}
	for (int i = 0; i < MESSAGES && in.left && goes_on; i++) {
		uint8_t what = input_u8(&in);

		if (what >= 0xe0 && what < 0xff) {
			dom0_act(input_u8(&in));
			dom0_check();
			continue;
		}
		guest_next(&message, &in, what);
		goes_on = say(share, &message, reply);
	}
	share->free(share);
	free(reply);
	dom0_clear();
	return 0;
}
