import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { startLab } from '../../../packages/lab/src/server/startLab.js'
import { right } from '../../support/fixtures.js'
import { executablePath } from './chromium.js'

const packages = fileURLToPath(new URL('../../../packages', import.meta.url))

/** The lab's server on a free port, from sources. What it prepared is kept between runs in the system's folder for it. */
export const serveLab = async () =>
  right(
    await startLab({
      port: 0,
      cache: join(tmpdir(), 'cotangent-test-lab'),
      tell: () => undefined,
      alias: Object.fromEntries(
        readdirSync(packages).map((name) => [`@cotangent/${name}`, `${packages}/${name}/src/index.ts`]),
      ),
    })(),
  )

export const launch = (args: readonly string[]): Promise<Browser> =>
  chromium.launch({ executablePath, args: [...args] })

/** The lab in a page, and how one asks it. */
export interface LabPage {
  readonly page: Page
  /** What the console and the page complained of. */
  readonly complaints: readonly string[]
  readonly text: (id: string) => Promise<string>
  /** Steps made, once there are at least so many. */
  readonly stepsReach: (least: number) => Promise<number>
  /** Until the engine is ready, or there is a message. */
  readonly settled: () => Promise<void>
}

export const openLab = async (browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<LabPage> => {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })).newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(url)
  const text = async (id: string): Promise<string> => (await page.textContent(`#${id}`)) ?? ''
  const stepsReach = async (least: number): Promise<number> => {
    await page.waitForFunction((n) => Number(document.querySelector('#steps')?.textContent) >= n, least)
    return Number(await text('steps'))
  }
  const settled = async (): Promise<void> => {
    await page.waitForFunction(
      () =>
        /^(ready|running|paused|stopped)/.test(document.querySelector('#status')?.textContent ?? '') &&
        document.querySelector('#reset:enabled') !== null,
    )
  }
  page.setDefaultTimeout(90_000)
  await settled()
  return { page, complaints, text, stepsReach, settled }
}
