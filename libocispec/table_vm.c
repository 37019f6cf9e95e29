/* SPDX-License-Identifier: Apache-2.0 */
/* config-vm.md */
#include "libocispec/tables.h"

static const struct oci_property oci_vm_hypervisor_properties[] = {
	OCI_SCALAR(oci_vm_hypervisor, "path", path, OCI_REQUIRED),
	OCI_STRING_LIST(oci_vm_hypervisor, "parameters", parameters, 0),
};
OCI_TABLE(oci_vm_hypervisor);

static const struct oci_property oci_vm_kernel_properties[] = {
	OCI_SCALAR(oci_vm_kernel, "path", path, OCI_REQUIRED),
	OCI_STRING_LIST(oci_vm_kernel, "parameters", parameters, 0),
	OCI_SCALAR(oci_vm_kernel, "initrd", initrd, 0),
};
OCI_TABLE(oci_vm_kernel);

/* The text calls format REQUIRED and, in the same line, gives it a default. */
static const struct oci_property oci_vm_image_properties[] = {
	OCI_SCALAR(oci_vm_image, "path", path, OCI_REQUIRED),
	OCI_SCALAR(oci_vm_image, "format", format, 0),
};
OCI_TABLE(oci_vm_image);

static const struct oci_property oci_vm_iomem_properties[] = {
	OCI_SCALAR(oci_vm_iomem, "firstGFN", first_gfn, 0),
	OCI_SCALAR(oci_vm_iomem, "firstMFN", first_mfn, OCI_REQUIRED),
	OCI_SCALAR(oci_vm_iomem, "nrMFNs", nr_mfns, OCI_REQUIRED),
};
OCI_TABLE(oci_vm_iomem);

static const struct oci_property oci_vm_hw_config_properties[] = {
	OCI_SCALAR(oci_vm_hw_config, "deviceTree", device_tree, 0),
	OCI_SCALAR(oci_vm_hw_config, "vcpus", vcpus, 0),
	OCI_SCALAR(oci_vm_hw_config, "memory", memory, 0),
	OCI_STRING_LIST(oci_vm_hw_config, "dtdevs", dtdevs, 0),
	OCI_LIST(oci_vm_hw_config, "iomems", iomems, oci_vm_iomem),
	OCI_UINT32_LIST(oci_vm_hw_config, "irqs", irqs),
};
OCI_TABLE(oci_vm_hw_config);

static const struct oci_property oci_vm_properties[] = {
	OCI_ONE(oci_vm, "hypervisor", hypervisor, oci_vm_hypervisor, 0),
	OCI_ONE(oci_vm, "kernel", kernel, oci_vm_kernel, OCI_REQUIRED),
	OCI_ONE(oci_vm, "image", image, oci_vm_image, 0),
	OCI_ONE(oci_vm, "hwConfig", hw_config, oci_vm_hw_config, 0),
	OCI_ONE(oci_vm, "hwconfig", hw_config, oci_vm_hw_config, OCI_ALIAS),
};
OCI_SHARED_TABLE(oci_vm);
