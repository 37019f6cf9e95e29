/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A share: what one 9pfs device serves, one 9P2000.L session. A transport (the rings of a zone, or a
 * test's buffers) hands it each request and sends what it answers.
 *
 * Two kinds: a folder of the host (folder.h) and the control tree (control.h). The requests are a hostile
 * guest's.
 */
#ifndef XENRUN_SHARE_H
#define XENRUN_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rootfs/p9.h"

/* So many counters of changes does a guest see: changes.h. */
#define SHARE_CHANGES 448

enum share_answer {
	SHARE_ANSWERED, /* the reply is in the writer */
	SHARE_LATER,	/* the share keeps the tag and calls share->reply itself one day */
	SHARE_BROKEN,	/* a violation of the protocol: the session is to end; share->broken says of what */
};

struct share {
	/* Answers one request. The request points into the transport's copy of the message: a share
	 * that answers later keeps its own copy of what it needs. */
	enum share_answer (*request)(
		struct share *share, const struct p9_request *request, struct p9_writer *reply);

	/* Counts what others have changed. Returns whether there was something; NULL: nobody else changes it. */
	bool (*changed)(struct share *share);

	/* Whether the guest holds nothing of it: it has not been mounted yet, or is not any more. */
	bool (*idle)(const struct share *share);

	/* Releases the share and every fid, open file and waiting request of it. */
	void (*free)(struct share *share);

	/* Set by the transport: sends the answer to a request that was put off. `reply` is a whole
	 * message (its tag in it). */
	void (*reply)(void *transport, const uint8_t *message, size_t length);
	void *transport;

	/* Set by the share: the bytes of its Twrite may be in pieces. */
	bool takes_pieces;

	/* SHARE_CHANGES counters in memory that the guest sees, and may write to; NULL: there is none. */
	uint32_t *changes;

	/* The largest message that the transport carries; a share's Rversion offers no more. */
	uint32_t max_msize;

	/* The largest of the session, as was agreed upon, both ways; 0: there is no session. */
	uint32_t msize;

	/* What the guest did wrong, a constant text; NULL while it behaves. */
	const char *broken;
};

/* Decodes one whole message and has the share answer it: all that a transport needs to call. */
enum share_answer share_message(
	struct share *share, const uint8_t *message, size_t length, struct p9_writer *reply);

/* The same for a Twrite whose bytes, all behind its P9_WRITE_HEADER_SIZE first, are in pieces. */
enum share_answer share_write(struct share *share, const uint8_t *head, size_t length,
	const struct iovec pieces[2], int piece_count, struct p9_writer *reply);

/* What each share answers to Tversion, when it has let go of what an earlier session held: 0, or -EMSGSIZE. */
int share_version(struct share *share, const struct p9_request *request, struct p9_writer *reply);

#endif
