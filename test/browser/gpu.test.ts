/*
 * The one suite of all engines in a browser, in the modes of gpu.js that need one. Chromium runs WebGPU and WebGL2 by
 * SwiftShader, which computes on the processor: right or wrong shows here, speed does not.
 */
import { existsSync } from 'node:fs'
import { referenceEngine } from '@cotangent/core'
import { conformance } from '@cotangent/testing'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundle } from './support/bundle.js'
import { executablePath, onSwiftShader } from './support/chromium.js'
import type { GpuPage } from './support/gpuPage.js'
import { serve } from './support/server.js'

declare const gpuPage: GpuPage

const names = conformance(referenceEngine()).map(({ name }) => name.replace(/^[^:]*: /, ''))

const html =
  '<!doctype html><title>gpu</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>'

describe.skipIf(!existsSync(executablePath)).each(['webgpu', 'webgl2'] as const)('conformance in mode %s', (mode) => {
  let browser: Browser
  let page: Page
  let server: Awaited<ReturnType<typeof serve>>
  const complaints: string[] = []

  beforeAll(async () => {
    const script = await bundle(new URL('support/gpuPage.ts', import.meta.url))
    server = await serve(
      new Map([
        ['/', { type: 'text/html', body: html }],
        ['/page.js', { type: 'text/javascript', body: script }],
      ]),
    )
    browser = await chromium.launch({ executablePath, args: onSwiftShader })
    page = await browser.newPage()
    page.on('console', (m) => {
      if (m.type() === 'error') complaints.push(m.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(server.url)
    await page.waitForFunction(() => 'gpuPage' in globalThis)
    const started = await page.evaluate((m) => gpuPage.start(m), mode)
    console.log(`${started.name} in Chromium: ${JSON.stringify(started)}`)
    expect(started).toMatchObject({ mode, isolated: true })
  })

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  for (const name of names) {
    test(name, async () => {
      expect(await page.evaluate((n) => gpuPage.run(n), name)).toBeNull()
    })
  }

  test('what was computed is freed, and the console shows no error', async () => {
    expect(complaints).toEqual([])
    await page.evaluate(() => gpuPage.close())
    expect(await page.evaluate(() => gpuPage.stats())).toMatchObject({ kernels: 0, buffers: 0, bytes: 0 })
  })
})
