/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MP table of a PVH guest (Intel's MultiProcessor Specification 1.4, chapter 4). Such a guest has no ACPI
 * tables, and a Linux that is told by neither of its local APIC sets up no timer, so that whatever sleeps
 * never wakes; nor would it find more than its first vCPU.
 */
#include <string.h>

#include "xen/zone.h"

/* The last page of the first 640 KiB. The pointer stands in its last KiB, where guests look for it. */
#define TABLE_PFN      0x9full
#define POINTER_OFFSET 0xc00

#define LOCAL_APIC	   0xfee00000
#define LOCAL_APIC_VERSION 0x14
#define SPECIFICATION_1_4  4

enum entry_type { ENTRY_PROCESSOR, ENTRY_BUS, ENTRY_IOAPIC, ENTRY_INTERRUPT, ENTRY_LOCAL_INTERRUPT };
enum interrupt_type { INTERRUPT_INT, INTERRUPT_NMI, INTERRUPT_SMI, INTERRUPT_EXTERNAL };

/* APIC numbers are bytes, every second one is used, and 0xff means all. */
#define PROCESSORS_MAX 127

#define PROCESSOR_ENABLED 1
#define PROCESSOR_BOOT	  2

struct pointer {
	char signature[4];
	uint32_t address;
	uint8_t paragraphs, specification, checksum;
	uint8_t features[5];
} __attribute__((packed));

struct header {
	char signature[4];
	uint16_t length;
	uint8_t specification, checksum;
	char oem[8], product[12];
	uint32_t oem_table;
	uint16_t oem_size, entries;
	uint32_t local_apic, reserved;
} __attribute__((packed));

struct processor {
	uint8_t type, apic, version, flags;
	uint32_t signature, features, reserved[2];
} __attribute__((packed));

struct bus {
	uint8_t type, number;
	char name[6];
} __attribute__((packed));

struct interrupt {
	uint8_t type, kind;
	uint16_t flags;
	uint8_t bus, irq, apic, pin;
} __attribute__((packed));

struct table {
	struct header header;
	struct bus bus;
	struct interrupt interrupts[3];
	struct processor processors[];
} __attribute__((packed));

_Static_assert(sizeof(struct table) + PROCESSORS_MAX * sizeof(struct processor) <= POINTER_OFFSET,
	"room in the page");

static uint8_t checksum(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	unsigned int sum = 0;

	while (size--)
		sum += *bytes++;
	return (uint8_t)(0x100 - (sum & 0xff));
}

int mptable_write(struct xc_dom_image *dom, uint32_t vcpus)
{
	/* A guest that finds no interrupt described takes the table for a broken one, and says so. */
	static const struct interrupt interrupts[3] = {
		{.type = ENTRY_INTERRUPT, .kind = INTERRUPT_INT, .apic = 0xff},
		{.type = ENTRY_LOCAL_INTERRUPT, .kind = INTERRUPT_EXTERNAL, .pin = 0},
		{.type = ENTRY_LOCAL_INTERRUPT, .kind = INTERRUPT_NMI, .apic = 0xff, .pin = 1},
	};
	uint8_t *page = xc_dom_pfn_to_ptr(dom, TABLE_PFN, 1);
	struct table *table = (struct table *)page;
	struct pointer *pointer = (struct pointer *)(page + POINTER_OFFSET);
	size_t size;

	if (!page)
		return -1;
	/* The guest does not learn of vCPUs for which the table or its APIC numbers have no room. */
	if (vcpus > PROCESSORS_MAX)
		vcpus = PROCESSORS_MAX;
	size = sizeof(*table) + vcpus * sizeof(*table->processors);
	memset(page, 0, XC_PAGE_SIZE);
	table->header = (struct header){
		.signature = {'P', 'C', 'M', 'P'},
		.length = (uint16_t)size,
		.specification = SPECIFICATION_1_4,
		.oem = {'X', 'E', 'N', 'R', 'U', 'N', ' ', ' '},
		.product = {'Z', 'O', 'N', 'E', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '},
		.entries = (uint16_t)(4 + vcpus),
		.local_apic = LOCAL_APIC,
	};
	table->bus = (struct bus){.type = ENTRY_BUS, .name = {'I', 'S', 'A', ' ', ' ', ' '}};
	memcpy(table->interrupts, interrupts, sizeof(interrupts));
	/* Xen numbers the APICs of a guest by twos. */
	for (uint32_t i = 0; i < vcpus; i++)
		table->processors[i] = (struct processor){
			.type = ENTRY_PROCESSOR,
			.apic = (uint8_t)(2 * i),
			.version = LOCAL_APIC_VERSION,
			.flags = (uint8_t)(PROCESSOR_ENABLED | (i ? 0 : PROCESSOR_BOOT)),
		};
	table->header.checksum = checksum(table, size);

	*pointer = (struct pointer){
		.signature = {'_', 'M', 'P', '_'},
		.address = TABLE_PFN << XC_PAGE_SHIFT,
		.paragraphs = 1,
		.specification = SPECIFICATION_1_4,
	};
	pointer->checksum = checksum(pointer, sizeof(*pointer));
	return 0;
}
