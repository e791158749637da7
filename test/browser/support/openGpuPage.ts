import { type Browser, chromium, type Page } from 'playwright-core'
import { bundle } from './bundle.js'
import { executablePath, onSwiftShader } from './chromium.js'
import { serve } from './server.js'

/** A page with gpuPage.ts in it, cross-origin isolated, and what its console complained of. */
export interface OpenPage {
  readonly page: Page
  readonly complaints: readonly string[]
  readonly close: () => Promise<void>
}

const html =
  '<!doctype html><title>gpu</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>'

/** Serves the page and opens it in Chromium. */
export const openGpuPage = async (): Promise<OpenPage> => {
  const script = await bundle(new URL('gpuPage.ts', import.meta.url))
  const server = await serve(
    new Map([
      ['/', { type: 'text/html', body: html }],
      ['/page.js', { type: 'text/javascript', body: script }],
    ]),
  )
  const browser: Browser = await chromium.launch({ executablePath, args: onSwiftShader })
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (m) => {
    if (m.type() === 'error') complaints.push(m.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(server.url)
  await page.waitForFunction(() => 'gpuPage' in globalThis)
  return {
    page,
    complaints,
    close: async () => {
      await browser.close()
      await server.close()
    },
  }
}
