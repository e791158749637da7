/*
 * `navigator.gpu`. A page has it, or has not; Node has it from the optional package `webgpu` (Dawn, the WebGPU of
 * Chromium), which needs a Vulkan, Metal or Direct3D 12 driver.
 */
interface DawnPackage {
  readonly create: (options: readonly string[]) => object
  readonly globals: object
}

const isDawn = (module: unknown): module is DawnPackage =>
  typeof module === 'object' && module !== null && 'create' in module && 'globals' in module

const inNode = (): boolean => typeof process !== 'undefined' && process.versions?.node !== undefined

const hasWebGpu = (): boolean => typeof navigator !== 'undefined' && 'gpu' in navigator && Boolean(navigator.gpu)

const version = '0.6.2'

/** Dawn's instance lives as long as `navigator.gpu` holds it. */
const install = ({ create, globals }: DawnPackage): void => {
  Object.assign(globalThis, globals)
  const gpu = create([])
  const place = { configurable: true, writable: true, enumerable: true }
  if (typeof navigator === 'undefined') Object.defineProperty(globalThis, 'navigator', { ...place, value: { gpu } })
  else Object.defineProperty(navigator, 'gpu', { ...place, value: gpu })
}

/** Why there is no `navigator.gpu`, or `null` where there is one now. */
export const provideWebGpu = async (): Promise<string | null> => {
  if (hasWebGpu()) return null
  if (!inNode()) return 'this browser has no navigator.gpu here (it needs https or localhost)'
  try {
    const name = 'webgpu' // not a literal in import(): bundlers must leave it alone
    const module: unknown = await import(/* @vite-ignore */ name)
    if (!isDawn(module)) return `the package webgpu has no create(); it must be version ${version}`
    install(module)
    return null
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    return `the package webgpu@${version} does not load: ${text.split('\n')[0]}`
  }
}
