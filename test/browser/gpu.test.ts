/*
 * The one suite of all engines in a browser, in the modes of gpu.js that need one. Chromium runs WebGPU and WebGL2 by
 * SwiftShader, which computes on the processor: right or wrong shows here, speed does not.
 */
import { existsSync } from 'node:fs'
import { referenceEngine } from '@cotangent/core'
import { conformance } from '@cotangent/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { userKernelChecks } from '../support/userKernelChecks.js'
import { executablePath } from './support/chromium.js'
import type { GpuPage } from './support/gpuPage.js'
import { type OpenPage, openGpuPage } from './support/openGpuPage.js'

declare const gpuPage: GpuPage

const reference = referenceEngine()
const names = [...conformance(reference), ...userKernelChecks(reference)].map(({ name }) =>
  name.replace(/^[^:]*: /, ''),
)

describe.skipIf(!existsSync(executablePath))('gpu.js in a browser', () => {
  let open: OpenPage

  beforeAll(async () => {
    open = await openGpuPage()
  })

  afterAll(() => open?.close())

  describe.each(['webgpu', 'webgl2'] as const)('mode %s', (mode) => {
    beforeAll(async () => {
      const started = await open.page.evaluate((m) => gpuPage.start(m), mode)
      expect(started).toMatchObject({ mode, isolated: true, adapter: { software: true } })
      const { registry, device, host, gone } = await open.page.evaluate(() => gpuPage.operations())
      const counts = `${device} of ${registry} primitives on the device, ${host.length} on the host (${host.join(', ')})`
      console.log(`${mode} on ${started.adapter.name}: ${counts}, ${gone.length} inlined`)
      expect(device).toBeGreaterThan(50)
    })

    for (const name of names) {
      test(name, async () => {
        expect(await open.page.evaluate((n) => gpuPage.run(n), name)).toBeNull()
      })
    }

    test('numbers are within their bounds', async () => {
      for (const { what, where, measured, share, bound } of await open.page.evaluate(() => gpuPage.accuracy())) {
        expect(share, `${what}, ${where}: ${measured}, allowed ${bound}`).toBeLessThanOrEqual(1)
      }
    })

    test('1,000 steps leave as much on the card as 20', async () => {
      const alive = await open.page.evaluate(() => gpuPage.soak(1000))
      expect(alive).toHaveLength(100)
      expect(new Set(alive.slice(1)).size, String(alive)).toBe(1)
    })

    test('the console shows no error', () => {
      expect(open.complaints).toEqual([])
    })

    test('what was computed is freed when the engine is closed', async () => {
      await open.page.evaluate(() => gpuPage.close())
      expect(await open.page.evaluate(() => gpuPage.stats())).toMatchObject({ kernels: 0, buffers: 0, bytes: 0 })
    })

    test('a lost device is an error that says so, and a new engine works', async () => {
      await open.page.evaluate((m) => gpuPage.start(m), mode)
      for (const said of await open.page.evaluate(() => gpuPage.lose())) expect(said).toContain('was lost')
      await open.page.evaluate((m) => gpuPage.start(m), mode)
      expect(await open.page.evaluate(() => gpuPage.run('add, ordinary values'))).toBeNull()
      await open.page.evaluate(() => gpuPage.close())
    })
  })

  test('auto passes over SwiftShader', async () => {
    const { mode, passedOver } = await open.page.evaluate(() => gpuPage.start('auto'))
    expect(mode).toBe('cpu')
    expect(passedOver).toEqual([
      expect.stringMatching(/^webgpu: .*swiftshader.* is no graphics card$/i),
      expect.stringMatching(/^webgl2: .*swiftshader.* is no graphics card$/i),
    ])
  })
})
