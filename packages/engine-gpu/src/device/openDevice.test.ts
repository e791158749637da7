import { E } from '@cotangent/prelude'
import { expect, test } from 'vitest'
import { openArrayDevice } from './arrayDevice.js'
import type { Adapter, Device } from './device.js'
import { type Openers, openDevice } from './openDevice.js'

const card: Adapter = { name: 'A Card', vendor: 'vendor', architecture: '', software: false }

const closed: string[] = []

/** The device of mode cpu under another name; `spoil` changes what is read. */
const pretending = async (mode: 'webgpu' | 'webgl2', spoil = (x: number) => x, adapter = card): Promise<Device> => {
  const device = await openArrayDevice('cpu')
  return {
    ...device,
    mode,
    adapter,
    read: async (buffer) => (await device.read(buffer)).map(spoil),
    close: async () => {
      closed.push(mode)
      await device.close()
    },
  }
}

const missing = async (): Promise<Device> => {
  throw new Error('no adapter')
}

const openers = (webgpu: Openers['webgpu'], webgl2: Openers['webgl2'] = missing): Openers => ({
  webgpu,
  webgl2,
  cpu: () => openArrayDevice('cpu'),
  webasm: () => openArrayDevice('webasm'),
})

const opened = async (requested: 'auto' | 'webgpu', by: Openers) => {
  const warnings: string[] = []
  closed.length = 0
  const result = await openDevice(requested, (w) => warnings.push(w), by)()
  if (E.isRight(result)) await result.right.device.close()
  return { result, warnings }
}

test('auto takes a graphics card that computes right', async () => {
  const { result, warnings } = await opened(
    'auto',
    openers(() => pretending('webgpu')),
  )
  expect(E.isRight(result) && result.right.device.mode).toBe('webgpu')
  expect(warnings).toEqual([])
})

test('auto passes over a program that imitates a card, and says so', async () => {
  const software = { ...card, name: 'SwiftShader', software: true }
  const { result, warnings } = await opened(
    'auto',
    openers(() => pretending('webgpu', (x) => x, software)),
  )
  expect(E.isRight(result) && result.right.device.mode).toBe('cpu')
  expect(E.isRight(result) && result.right.passedOver).toEqual([
    'webgpu: SwiftShader is no graphics card',
    'webgl2: no adapter',
  ])
  expect(warnings).toEqual([])
  expect(closed).toEqual(['webgpu'])
})

test('a mode that computes wrong is refused loudly, and the next is taken', async () => {
  const wrong = () => pretending('webgpu', (x) => (x === 500500 ? 500499.96875 : x))
  const { result, warnings } = await opened(
    'auto',
    openers(wrong, () => pretending('webgl2')),
  )
  expect(E.isRight(result) && result.right.device.mode).toBe('webgl2')
  expect(closed).toEqual(['webgpu', 'webgl2'])
  expect(warnings).toEqual([
    [
      'gpuEngine: mode webgpu computes wrong here and is not used.',
      '  received  a sum of 1000 numbers: element 0 is 500499.96875, expected 500500',
      '  to do     report it with the name of the card and its driver',
    ].join('\n'),
  ])
})

test.each([
  ['one part in 100,000 in a matrix product', (x: number) => x * (1 + 1e-5), 'a sum of 1000 numbers'],
  ['a NaN that is lost', (x: number) => (Number.isNaN(x) ? 0 : x), 'exp, tanh and NaN'],
  ['a place that is off by one', (x: number) => (x === 28571.5 ? 28570.5 : x), 'index arithmetic'],
  ['a product of the wrong sign', (x: number) => (x === -30 ? 30 : x), 'a matrix product'],
])('asked for, a mode that computes wrong is an error: %s', async (_, spoil, name) => {
  const { result } = await opened(
    'webgpu',
    openers(() => pretending('webgpu', spoil)),
  )
  expect(E.isLeft(result) && result.left.message).toContain(`it computes wrong here: ${name}: element`)
  expect(closed).toEqual(['webgpu'])
})

test('asked for, a mode that does not start is an error that says what it needs', async () => {
  const { result } = await opened('webgpu', openers(missing))
  expect(E.isLeft(result) && result.left.message).toBe(
    [
      'engine "gpu (webgpu)" must be usable on this machine.',
      '  received  no adapter',
      '  to do     in a page, use a browser with WebGPU over https or localhost; in Node, `npm install webgpu@0.6.2` and a Vulkan driver (for one without a graphics card see the README of @cotangent/engine-gpu)',
    ].join('\n'),
  )
})
