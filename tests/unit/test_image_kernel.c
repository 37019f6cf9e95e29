/* SPDX-License-Identifier: Apache-2.0 */
/* An image's own kernel: what its operator allowed is what is loaded, and nothing else of it is touched. */
#include "container/image_kernel.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char root[] = "/tmp/image.XXXXXX";

static const char *at(const char *path)
{
	static char whole[2][256];
	static int next;

	next = !next;
	snprintf(whole[next], sizeof(whole[next]), "%s/%s", root, path);
	return whole[next];
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(at(path), "w");

	if (!CHECK(file))
		abort();
	fputs(text, file);
	fclose(file);
}

/* What the error for it says to allow, as settings; false if it says something else. */
static bool learn(struct settings *settings)
{
	struct settings none = {0};
	struct image_file kernel, initrd;
	struct error err = {0};
	char path[] = "/tmp/settings.XXXXXX";
	int fd = mkstemp(path);
	bool learnt = false;

	if (CHECK_EQ(image_kernel_read(root, &none, &kernel, &initrd, &err), -1)) {
		const char *line = strstr(error_message(&err), "allow_image_kernel = ");

		CHECK(!kernel.data && !initrd.data);
		if (line && write(fd, line, strlen(line)) == (ssize_t)strlen(line)) {
			error_clear(&err);
			learnt = settings_load(path, settings, &err) == 0 && settings->image_kernels_len == 1;
		}
	}
	if (!learnt)
		printf("# %s\n", error_message(&err));
	error_clear(&err);
	close(fd);
	unlink(path);
	return learnt;
}

static bool loads(const struct settings *settings, const char *kernel_text, const char *initrd_text)
{
	struct image_file kernel, initrd;
	struct error err = {0};
	bool same;

	if (!CHECK_EQ(image_kernel_read(root, settings, &kernel, &initrd, &err), 0)) {
		printf("# %s\n", error_message(&err));
		error_clear(&err);
		return false;
	}
	same = kernel.size == strlen(kernel_text) && memcmp(kernel.data, kernel_text, kernel.size) == 0 &&
	       (initrd_text ? initrd.size == strlen(initrd_text) &&
				       memcmp(initrd.data, initrd_text, initrd.size) == 0
			    : !initrd.data);
	image_file_free(&kernel);
	image_file_free(&initrd);
	return same;
}

static bool refused(const struct settings *settings, const char *why)
{
	struct image_file kernel, initrd;
	struct error err = {0};
	bool as_said = image_kernel_read(root, settings, &kernel, &initrd, &err) &&
		       strstr(error_message(&err), why) && !kernel.data && !initrd.data;

	if (!as_said)
		printf("# %s\n", error_message(&err));
	error_clear(&err);
	return as_said;
}

static void what_is_allowed_is_loaded(void)
{
	struct settings alone = {0}, both = {0};

	CHECK(refused(&(struct settings){0}, "the image's /boot/vmlinuz: No such file"));
	CHECK(!mkdir(at("boot"), 0700));
	put("boot/vmlinuz", "kernel");
	CHECK(learn(&alone));
	CHECK(loads(&alone, "kernel", NULL));
	put("boot/initrd", "initrd");
	CHECK(refused(&alone, "is not allowed by"));
	CHECK(learn(&both));
	CHECK(loads(&both, "kernel", "initrd"));
	put("boot/vmlinuz", "kernel.");
	CHECK(refused(&both, "is not allowed by"));
	put("boot/vmlinuz", "kernel");
	put("boot/initrd", "initrd.");
	CHECK(refused(&both, "is not allowed by"));
	CHECK(!unlink(at("boot/initrd")));
	CHECK(refused(&both, "is not allowed by"));
	CHECK(loads(&alone, "kernel", NULL));
	/* Not the host's, but the image's. */
	CHECK(!rename(at("boot/vmlinuz"), at("real")));
	CHECK(!symlink("/real", at("boot/vmlinuz")));
	CHECK(loads(&alone, "kernel", NULL));
	CHECK(!unlink(at("boot/vmlinuz")) && !symlink("../../../../real", at("boot/vmlinuz")));
	CHECK(loads(&alone, "kernel", NULL));
	CHECK(!unlink(at("boot/vmlinuz")) && !symlink("/proc/self/exe", at("boot/vmlinuz")));
	CHECK(refused(&alone, "the image's /boot/vmlinuz: No such file"));
	CHECK(!unlink(at("boot/vmlinuz")) && !rename(at("real"), at("boot/vmlinuz")));
	settings_free(&alone);
	settings_free(&both);
}

static void what_is_no_file_is_not_opened(void)
{
	struct settings none = {0};

	for (int i = 0; i < 2; i++) {
		const char *path = at(i ? "boot/initrd" : "boot/vmlinuz");
		const char *why =
			i ? "the image's /boot/initrd: not a file" : "the image's /boot/vmlinuz: not a file";

		unlink(path);
		CHECK(!mkfifo(path, 0600));
		CHECK(refused(&none, why));
		CHECK(!unlink(path) && !mkdir(path, 0700));
		CHECK(refused(&none, why));
		CHECK(!rmdir(path));
		put(i ? "boot/initrd" : "boot/vmlinuz", "");
		CHECK(refused(&none, why));
		CHECK(!truncate(path, 1l << 40));
		CHECK(refused(&none, "larger than"));
		put(i ? "boot/initrd" : "boot/vmlinuz", "kernel");
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

int main(void)
{
	if (!mkdtemp(root))
		return 1;
	RUN(what_is_allowed_is_loaded);
	RUN(what_is_no_file_is_not_opened);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return unit_end();
}
