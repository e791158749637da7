import { ArgumentError } from '@cotangent/core'

/** The modes of gpu.js this engine runs in. */
export type Mode = 'cpu' | 'webasm'

/** What a user may ask for: the modes of gpu.js by their names, or `auto`. */
export type RequestedMode = Mode | 'webgpu' | 'webgl2' | 'auto'

/**
 * The mode to use. `auto` takes `cpu`: on the processor it is faster than `webasm`, which copies every operand into
 * the memory of its kernel (128-cubed product: 3.7 ms against 9.0 ms on a 2-core Zen 4, Node 20).
 *
 * @throws ArgumentError for modes that are not run here yet
 */
export const chooseMode = (requested: RequestedMode): Mode => {
  switch (requested) {
    case 'auto':
      return 'cpu'
    case 'cpu':
    case 'webasm':
      return requested
    default:
      throw new ArgumentError({
        op: 'gpuEngine',
        expected: "mode must be 'cpu', 'webasm' or 'auto': the kernels have not been run on WebGPU or WebGL2 yet.",
        received: `mode ${JSON.stringify(requested)}`,
        todo: "leave mode out, or use 'cpu'; for speed on a processor use @cotangent/engine-onnx",
      })
  }
}
