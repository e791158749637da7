/* gpu.js in mode `webgl2`: fragment shaders; what a kernel gives is a texture of one f32 a texel. */

import type { Adapter, Device } from './device.js'
import { graphicsCard, translate } from './dialect.js'
import { deviceFailed } from './failure.js'
import { createKernel, type GpuJs, loadGpuJs, type TextureHandle } from './gpujs.js'
import type { KernelSpec } from './kernelSpec.js'
import { makeDevice } from './makeDevice.js'
import { isSoftware } from './software.js'

const mode = 'webgl2'

const adapterOf = (gl: WebGL2RenderingContext): Adapter => {
  const known = gl.getExtension('WEBGL_debug_renderer_info')
  const text = (name: number): string => String(gl.getParameter(name))
  const name = text(known?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER)
  const vendor = text(known?.UNMASKED_VENDOR_WEBGL ?? gl.VENDOR)
  return { name, vendor, architecture: '', software: isSoftware(name, vendor) }
}

/** A texture laid out as gpu.js lays out a kernel's result: rows of a rectangle that is nearly a square. */
const upload = ({ utils }: GpuJs, like: TextureHandle, values: Float32Array): TextureHandle => {
  const { context: gl, kernel, internalFormat, textureFormat } = like
  const size = utils.closestSquareDimensions(Math.max(values.length, 1))
  const [width = 1, height = 1] = size
  const texels = values.length === width * height ? values : new Float32Array(width * height)
  texels.set(values)
  const texture = gl.createTexture()
  // the unit that gpu.js itself uses for textures that belong to no argument
  gl.activeTexture(gl.TEXTURE15)
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false)
  gl.texStorage2D(gl.TEXTURE_2D, 1, internalFormat, width, height)
  gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, textureFormat, gl.FLOAT, texels)
  const dimensions = [values.length, 1, 1]
  return new like.constructor({
    texture,
    size,
    dimensions,
    output: [values.length],
    context: gl,
    kernel,
    internalFormat,
    textureFormat,
  })
}

const asArray = (values: unknown, length: number): Float32Array => {
  if (values instanceof Float32Array) return values.subarray(0, length)
  throw new Error('gpu.js gave no Float32Array for a texture')
}

/** WebGL has no event for it: the fence is asked again and again. */
const finished = async (gl: WebGL2RenderingContext): Promise<void> => {
  const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
  if (fence === null) return
  gl.flush()
  while (!gl.isContextLost() && gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED) {
    await new Promise((resolve) => setTimeout(resolve))
  }
  gl.deleteSync(fence)
}

/** Texture units that gpu.js takes for itself: the result, and the last one for its own work. */
const reservedUnits = 2

/** Opens a WebGL2 context of its own. @throws Error where there is none, or it has no float textures */
export const openWebGlDevice = async (): Promise<Device> => {
  const gpujs = await loadGpuJs()
  if (!gpujs.GPU.isWebGL2Supported) throw new Error('there is no WebGL2 here')
  const gpu = new gpujs.GPU({ mode })
  // its result is the pattern of all other textures, and has the context
  const firstSpec: KernelSpec = { source: 'function () { return 1.5; }', length: 1, inputLengths: [] }
  const first = createKernel(gpu, { source: firstSpec.source, functions: [] }, firstSpec)() as unknown as TextureHandle
  const gl = first.context
  const side: number = gl.getParameter(gl.MAX_TEXTURE_SIZE)
  const check = (): void => {
    if (gl.isContextLost()) throw deviceFailed(mode, 'the WebGL context was lost')
  }
  return makeDevice<TextureHandle>({
    mode,
    adapter: adapterOf(gl),
    parameters: Number(gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS)) - reservedUnits,
    elements: side * side,
    check,
    compile: (spec) => {
      const shortcut = createKernel(gpu, translate(spec.source, graphicsCard), spec)
      return {
        run: (operands) => shortcut(...(operands as never[])) as unknown as TextureHandle, // border: textures
        destroy: () => shortcut.destroy(),
      }
    },
    upload: (values) => upload(gpujs, first, values),
    read: async (texture, length) => {
      const values = length === 0 ? new Float32Array() : asArray(texture.toArray(), length)
      check()
      return values
    },
    free: (texture) => texture.delete(),
    finish: () => finished(gl),
    close: async () => {
      first.delete()
      await gpu.destroy()
    },
  })
}
