/* Counts what is alive on a graphics card, below gpu.js: buffers of WebGPU, textures of WebGL2. */

/** How many were made and not destroyed since the count began. */
export interface Count {
  readonly alive: () => number
  readonly stop: () => void
}

type Method = (this: object, ...args: unknown[]) => unknown

/** Replaces a method for a while. Border: prototypes of the browser, by name. */
const around = (prototype: object, name: string, make: (method: Method) => Method): (() => void) => {
  const methods = prototype as Record<string, Method>
  const method = methods[name]
  if (method === undefined) throw new Error(`there is no method ${name}`)
  methods[name] = make(method)
  return () => {
    methods[name] = method
  }
}

const stopAll = (stops: readonly (() => void)[]): void => {
  for (const stop of stops) stop()
}

const prototypeOf = (name: string): object =>
  (globalThis as unknown as Record<string, { readonly prototype: object }>)[name]?.prototype ?? {}

/** GPU buffers from now on; WebGPU must be there. */
export const countGpuBuffers = (): Count => {
  const alive = new Set<unknown>()
  const stops = [
    around(
      prototypeOf('GPUDevice'),
      'createBuffer',
      (method) =>
        function (...args) {
          const buffer = method.apply(this, args)
          alive.add(buffer)
          return buffer
        },
    ),
    around(
      prototypeOf('GPUBuffer'),
      'destroy',
      (method) =>
        function (...args) {
          alive.delete(this)
          return method.apply(this, args)
        },
    ),
  ]
  return { alive: () => alive.size, stop: () => stopAll(stops) }
}

/** Textures of WebGL2 from now on. */
export const countTextures = (): Count => {
  const alive = new Set<unknown>()
  const prototype = prototypeOf('WebGL2RenderingContext')
  const stops = [
    around(
      prototype,
      'createTexture',
      (method) =>
        function (...args) {
          const texture = method.apply(this, args)
          alive.add(texture)
          return texture
        },
    ),
    around(
      prototype,
      'deleteTexture',
      (method) =>
        function (...args) {
          alive.delete(args[0])
          return method.apply(this, args)
        },
    ),
  ]
  return { alive: () => alive.size, stop: () => stopAll(stops) }
}
