/* A device in the mode that was asked for, or in the best there is. */
import { E, type EngineUnavailable, engineUnavailable, type TE } from '@cotangent/prelude'
import { openArrayDevice } from './arrayDevice.js'
import type { Device } from './device.js'
import type { Mode, RequestedMode } from './mode.js'
import { selfTest } from './selfTest.js'
import { openWebGlDevice } from './webGlDevice.js'
import { openWebGpuDevice } from './webGpuDevice.js'

/** How each mode is opened. */
export type Openers = { readonly [M in Mode]: () => Promise<Device> }

const openers: Openers = {
  webgpu: openWebGpuDevice,
  webgl2: openWebGlDevice,
  cpu: () => openArrayDevice('cpu'),
  webasm: () => openArrayDevice('webasm'),
}

const needs: { readonly [M in Mode]: string } = {
  webgpu:
    'in a page, use a browser with WebGPU over https or localhost; in Node, `npm install webgpu@0.6.2` and a Vulkan driver (for one without a graphics card see the README of @cotangent/engine-gpu)',
  webgl2: 'use a browser with WebGL2 and float textures; Node has none',
  webasm: "use mode 'cpu'",
  cpu: 'this is a fault of this package or of gpu.js: please report it',
}

/** A device that computes right, or why there is none. `wrong`: it opened, and its numbers are wrong. */
type Opened = { readonly device: Device } | { readonly reason: string; readonly wrong: boolean }

const open = async (mode: Mode, by: Openers): Promise<Opened> => {
  try {
    const device = await by[mode]()
    const reason = await selfTest(device)
    if (reason === null) return { device }
    await device.close().catch(() => {}) // what it failed with is told already
    return { reason, wrong: true }
  } catch (cause) {
    return { reason: cause instanceof Error ? cause.message : String(cause), wrong: false }
  }
}

/** Where a device comes from. */
export interface Choice {
  readonly device: Device
  /** What `auto` passed over, and why. */
  readonly passedOver: readonly string[]
}

/**
 * `auto`: a graphics card through WebGPU, else through WebGL2, else `cpu`. Programs that imitate a card (SwiftShader)
 * are passed over: `cpu` needs no copies. `cpu` comes before `webasm`, which copies every operand into the memory of its
 * kernel (128-cubed product: 3.7 ms against 9.0 ms on a 2-core Zen 4, Node 20).
 */
const order: readonly Mode[] = ['webgpu', 'webgl2', 'cpu']

const chooseBest = async (
  by: Openers,
  warn: (message: string) => void,
): Promise<E.Either<EngineUnavailable, Choice>> => {
  const passedOver: string[] = []
  for (const mode of order) {
    const opened = await open(mode, by)
    if ('device' in opened) {
      const { device } = opened
      if (mode === 'cpu' || !device.adapter.software) return E.right({ device, passedOver })
      passedOver.push(`${mode}: ${device.adapter.name} is no graphics card`)
      await device.close()
      continue
    }
    passedOver.push(`${mode}: ${opened.reason}`)
    if (opened.wrong) {
      warn(
        `gpuEngine: mode ${mode} computes wrong here and is not used.\n  received  ${opened.reason}\n  to do     report it with the name of the card and its driver`,
      )
    }
  }
  return E.left(engineUnavailable('gpu', passedOver.join('; '), needs.cpu))
}

/**
 * @param warn told of a mode that computes wrong, when `auto` goes on to the next
 * @param by how modes are opened; only tests give others
 */
export const openDevice =
  (
    requested: RequestedMode,
    warn: (message: string) => void,
    by: Openers = openers,
  ): TE.TaskEither<EngineUnavailable, Choice> =>
  async () => {
    if (requested === 'auto') return chooseBest(by, warn)
    const opened = await open(requested, by)
    if ('device' in opened) return E.right({ device: opened.device, passedOver: [] })
    const what = opened.wrong ? 'it computes wrong here: ' : ''
    return E.left(engineUnavailable(`gpu (${requested})`, `${what}${opened.reason}`, needs[requested]))
  }
