import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderReport, type StudyResults } from '../../packages/experiment/src/report/index.js'
import { syntheticResults } from '../support/studyResults.js'

/** A browser found where Debian puts it, or where CHROMIUM says. */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

const launchArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const widths = [1280, 400]
const schemes = ['light', 'dark'] as const

const hostile =
  '</script><script>document.title="owned"</script><img src=x onerror="document.title=1"><style>body{display:none}</style>'

interface Visit {
  readonly page: Page
  /** URLs that the page asked for, other than itself. */
  readonly requests: readonly string[]
  readonly complaints: readonly string[]
}

describe.skipIf(!existsSync(executablePath))('the report in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'report-'))
  let browser: Browser

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: launchArguments })
  })

  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  /** Opens a report as a file, as a user would, and runs a check on it. */
  const visit = async (
    results: StudyResults,
    width: number,
    colorScheme: 'light' | 'dark',
    check: (visit: Visit) => Promise<void>,
  ): Promise<void> => {
    const file = join(folder, 'report.html')
    writeFileSync(file, renderReport(results, { resamples: 100 }))
    const url = pathToFileURL(file).href
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
    try {
      const page = await context.newPage()
      const requests: string[] = []
      const complaints: string[] = []
      page.on('request', (request) => {
        if (request.url() !== url) requests.push(request.url())
      })
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('dialog', (dialog) => complaints.push(dialog.message()))
      await page.goto(url)
      await check({ page, requests, complaints })
    } finally {
      await context.close()
    }
  }

  const cases = widths.flatMap((width) => schemes.map((scheme) => ({ width, scheme })))

  test.each(cases)('$width pixels, $scheme: nothing asked for, nothing to complain, no sideways scroll', async (at) => {
    await visit(
      syntheticResults({ seeds: 3, mails: 200 }),
      at.width,
      at.scheme,
      async ({ page, requests, complaints }) => {
        const seen = await page.evaluate(() => {
          const shown = [...document.querySelectorAll('figure .drawing')].filter(
            (drawing) => drawing.getBoundingClientRect().height > 0,
          )
          return {
            page: document.documentElement.scrollWidth,
            figures: document.querySelectorAll('figure').length,
            shown: shown.length,
            outside: shown.filter((drawing) => drawing.getBoundingClientRect().right > window.innerWidth).length,
            smallest: Math.min(
              ...shown.flatMap((drawing) =>
                [...drawing.querySelectorAll('text')]
                  .filter((text) => text.textContent !== '')
                  .map((text) => text.getBoundingClientRect().height),
              ),
            ),
            background: getComputedStyle(document.body).backgroundColor,
            ink: getComputedStyle(document.body).color,
          }
        })
        expect(requests).toEqual([])
        expect(complaints).toEqual([])
        expect(seen.page).toBeLessThanOrEqual(at.width)
        expect(seen.figures).toBe(7)
        expect(seen.outside).toBe(0)
        expect(seen.shown).toBeGreaterThanOrEqual(7)
        // text of 12 pixels has boxes of at least 12: nothing is scaled down until it cannot be read
        expect(seen.smallest).toBeGreaterThanOrEqual(12)
        const lightness = (color: string) =>
          (color.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, c) => sum + Number(c), 0)
        expect(lightness(seen.background) > lightness(seen.ink)).toBe(at.scheme === 'light')
      },
    )
  })

  test('data that looks like markup stays text', async () => {
    const results = syntheticResults({ seeds: 2, mails: 60, hostile })
    await visit(results, 400, 'light', async ({ page, requests, complaints }) => {
      expect(await page.title()).toBe(results.title)
      expect(requests).toEqual([])
      expect(complaints).toEqual([])
      const seen = await page.evaluate(() => ({
        width: document.documentElement.scrollWidth,
        images: document.querySelectorAll('img').length,
        scripts: document.querySelectorAll('script').length,
        visible: document.body.getBoundingClientRect().height > 1000,
        title: JSON.parse(document.querySelector('#results')?.textContent ?? '{}').title,
      }))
      expect(seen).toEqual({ width: 400, images: 0, scripts: 1, visible: true, title: results.title })
    })
  })
})
