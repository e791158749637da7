/* gpu.js in mode `webgl2`: fragment shaders; what a kernel gives is a texture of one f32 a texel. */
import type { KernelSpec } from '../program/value.js'
import type { Adapter, Device, Kernel } from './device.js'
import { graphicsCard, translate } from './dialect.js'
import { beyondLimit, deviceFailed } from './failure.js'
import { createKernel, type GpuJs, loadGpuJs, type TextureHandle } from './gpujs.js'
import { kernelCache } from './kernelCache.js'
import { Memory } from './memory.js'
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

/** Texture units that gpu.js takes for itself: the result, and the last one for its own work. */
const reservedUnits = 2

const largestPlace = 2 ** 24

/** Opens a WebGL2 context of its own. @throws Error where there is none, or it has no float textures */
export const openWebGlDevice = async (): Promise<Device> => {
  const gpujs = await loadGpuJs()
  if (!gpujs.GPU.isWebGL2Supported) throw new Error('there is no WebGL2 here')
  const gpu = new gpujs.GPU({ mode })
  // its result is the pattern of all other textures, and has the context
  const firstSpec: KernelSpec = { source: 'function () { return 1.5; }', length: 1, inputLengths: [] }
  const first = createKernel(gpu, { source: firstSpec.source, functions: [] }, firstSpec)() as unknown as TextureHandle
  const gl = first.context
  const memory = new Memory<TextureHandle>(mode, (handle) => handle.delete())
  const side: number = gl.getParameter(gl.MAX_TEXTURE_SIZE)
  const limits = {
    parameters: Number(gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS)) - reservedUnits,
    elements: Math.min(largestPlace, side * side),
  }
  const check = (): void => {
    memory.checkOpen()
    if (gl.isContextLost()) throw deviceFailed(mode, 'the WebGL context was lost')
  }

  const compile = (spec: KernelSpec): Kernel => {
    const shortcut = createKernel(gpu, translate(spec.source, graphicsCard), spec)
    return {
      run: async (inputs) => {
        check()
        const handles = inputs.map((input) => memory.handleOf(input))
        const result = shortcut(...(handles as never[])) as unknown as TextureHandle // border: textures in, one out
        return memory.own(result, spec.length)
      },
      destroy: () => shortcut.destroy(),
    }
  }
  const kernels = kernelCache(compile)
  const adapter = adapterOf(gl)

  return {
    mode,
    adapter,
    limits,
    kernel: (spec) => {
      memory.checkOpen()
      const { inputLengths, length } = spec
      if (inputLengths.length > limits.parameters) {
        throw beyondLimit(mode, `a kernel of ${inputLengths.length} arrays`, limits.parameters)
      }
      const longest = Math.max(length, ...inputLengths)
      if (longest > limits.elements) throw beyondLimit(mode, `an array of ${longest} elements`, limits.elements)
      return kernels.get(spec)
    },
    upload: (values) => {
      check()
      if (values.length > limits.elements) {
        throw beyondLimit(mode, `an array of ${values.length} elements`, limits.elements)
      }
      memory.countUpload(values.length)
      return memory.own(upload(gpujs, first, values), values.length)
    },
    read: async (buffer) => {
      check()
      memory.countRead(buffer.length)
      const values =
        buffer.length === 0 ? new Float32Array() : asArray(memory.handleOf(buffer).toArray(), buffer.length)
      check()
      return values
    },
    stats: () => memory.stats(kernels.size()),
    forget: () => {
      kernels.clear()
      memory.countAnew()
    },
    close: async () => {
      if (!memory.close()) return
      kernels.clear()
      first.delete()
      await gpu.destroy()
    },
  }
}
