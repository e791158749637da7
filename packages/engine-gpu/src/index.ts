/**
 * Runs Cotangent programs as gpu.js kernels.
 *
 * @packageDocumentation
 */
export type { Adapter, DeviceLimits, DeviceStats } from './device/device.js'
export type { Mode, RequestedMode } from './device/mode.js'
export { DeviceTensor } from './deviceTensor.js'
export { explainKernels, type KernelInfo, type KernelReport } from './explainKernels.js'
export { type GpuEngine, gpuEngine, startGpuEngine } from './gpuEngine.js'
export { limitsOf } from './limits.js'
export type { GpuEngineOptions } from './options.js'
export { defineKernel, type UserKernel } from './userKernels/defineKernel.js'
export type { KernelDefinition, KernelDerivative, PerOperand } from './userKernels/definition.js'
export type { KernelAttrs } from './userKernels/record.js'
