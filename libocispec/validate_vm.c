/* SPDX-License-Identifier: Apache-2.0 */
/* What config-vm.md asks for beyond types. */
#include "libocispec/validate.h"

#include "util/error.h"

static const struct oci_name image_formats[] = {
	{"raw", 0},
	{"qcow2", 0},
	{"vdi", 0},
	{"vmdk", 0},
	{"vhd", 0},
	{NULL, 0},
};

static int validate_hw_config(const struct oci_vm_hw_config *hw, struct error *err)
{
	if (hw->vcpus && *hw->vcpus == 0)
		return error_set(err, 0, "vm.hwConfig.vcpus: must be greater than 0");
	if (hw->memory && *hw->memory == 0)
		return error_set(err, 0, "vm.hwConfig.memory: must be greater than 0");
	for (size_t i = 0; i < hw->iomems_len; i++) {
		const struct oci_vm_iomem *iomem = &hw->iomems[i];

		if (iomem->nr_mfns == 0)
			return error_set(err, 0, "vm.hwConfig.iomems[%zu].nrMFNs: must be greater than 0", i);
		if (iomem->first_mfn > UINT64_MAX - iomem->nr_mfns ||
			(iomem->first_gfn && *iomem->first_gfn > UINT64_MAX - iomem->nr_mfns))
			return error_set(err, 0, "vm.hwConfig.iomems[%zu]: goes beyond the last frame", i);
	}
	return 0;
}

int oci_validate_vm(const struct oci_vm *vm, struct error *err)
{
	if (vm->hypervisor && oci_check_absolute(vm->hypervisor->path, err) < 0)
		return error_prefix(err, "vm.hypervisor.path");
	if (oci_check_absolute(vm->kernel->path, err) < 0)
		return error_prefix(err, "vm.kernel.path");
	if (vm->kernel->initrd && oci_check_absolute(vm->kernel->initrd, err) < 0)
		return error_prefix(err, "vm.kernel.initrd");
	if (vm->image && oci_check_absolute(vm->image->path, err) < 0)
		return error_prefix(err, "vm.image.path");
	if (vm->image && vm->image->format &&
		oci_check_name(image_formats, vm->image->format, "format", err) < 0)
		return error_prefix(err, "vm.image.format");
	return vm->hw_config ? validate_hw_config(vm->hw_config, err) : 0;
}
