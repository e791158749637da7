/* The lab's page in Chromium, by clicks and keys. WebGPU and WebGL2 are SwiftShader's. */
import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Server } from '../../packages/lab/src/server/serve.js'
import { executablePath, onSwiftShader, withoutGpu } from './support/chromium.js'
import { type LabPage, launch, openLab, serveLab } from './support/openLab.js'

const terms = ['total', 'task', 'consistency', 'diversity', 'spectral', 'gradient'] as const
const regularisers = ['consistency', 'diversity', 'spectral'] as const

/** A number as the page writes it. */
const numberOf = (text: string): number => Number(text.replace('−', '-').replaceAll(',', ''))

const shown = async ({ text }: LabPage): Promise<readonly number[]> =>
  Promise.all(terms.map(async (name) => numberOf(await text(`now-${name}`))))

/** Chooses in a list, as the keyboard would; then the engine starts. */
const choose = async ({ page, settled }: LabPage, mode: string): Promise<void> => {
  await page.selectOption('#mode', mode)
  await page
    .waitForFunction(() => /^starting/.test(document.querySelector('#status')?.textContent ?? ''), null, {
      polling: 5,
      timeout: 2000,
    })
    .catch(() => undefined) // it may have started between two looks
  await settled()
}

/** Takes the focus from what was clicked, as a click beside it does: else space presses the button that has it. */
const blur = ({ page }: LabPage): Promise<void> => page.click('h1')

describe.skipIf(!existsSync(executablePath))('the lab in a browser', () => {
  let server: Server
  let browser: Browser

  beforeAll(async () => {
    server = await serveLab()
    browser = await launch(onSwiftShader)
  }, 240_000)

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  describe('by keys and clicks', () => {
    let lab: LabPage
    beforeAll(async () => {
      lab = await openLab(browser, server.url)
    })
    afterAll(() => lab.page.context().close())

    test('starts isolated, on the processor where there is no graphics card, and says what was passed over', async () => {
      expect(await lab.page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true)
      expect(await lab.text('status')).toBe('ready: BA-LoRA in mode cpu')
      expect(await lab.text('fact-adapter')).toBe('JavaScript (no graphics card)')
      expect(await lab.page.locator('#passed-over li').allTextContents()).toEqual([
        expect.stringMatching(/^webgpu: .*no graphics card$/i),
        expect.stringMatching(/^webgl2: .*no graphics card$/i),
      ])
      expect(await Promise.all(regularisers.map((name) => lab.text(`value-${name}`)))).toEqual(['0.1', '0.01', '0.01'])
    })

    test('a click on Step makes one: terms, spectrum and charts move', async () => {
      await lab.page.click('#step')
      expect(await lab.stepsReach(1)).toBe(1)
      const first = await shown(lab)
      for (const x of first) expect(x).toBeTypeOf('number')
      const [total = 0, task = 0, consistency = 0, diversity = 0, spectral = 0] = first
      // the page shows three digits
      expect(total).toBeCloseTo(task + 0.1 * consistency + 0.01 * diversity + 0.01 * spectral, 1)
      await lab.page.click('#step')
      await lab.page.click('#step')
      expect(await lab.stepsReach(3)).toBe(3)
      expect(await shown(lab)).not.toEqual(first)
      expect(await lab.page.getAttribute('#chart-task .line', 'd')).toMatch(/^M0 [\d.]+L150 [\d.]+L300 [\d.]+$/)
      const values = (await lab.page.locator('#spectrum tbody td:nth-child(3)').allTextContents()).map(numberOf)
      expect(values).toHaveLength(9)
      expect(values).toEqual(values.toSorted((a, b) => b - a))
      expect(await lab.text('status')).toBe('paused at step 3')
    })

    test('space runs and pauses; a slider that is moved by keys meanwhile compiles nothing', async () => {
      await blur(lab)
      await lab.page.keyboard.press('Space')
      await lab.stepsReach(5)
      expect(await lab.text('status')).toBe('running')
      expect(await lab.text('run')).toBe('Pause')
      await lab.page.focus('#weight-consistency')
      for (let i = 0; i < 20; i++) await lab.page.keyboard.press('ArrowRight')
      expect(await lab.text('value-consistency')).toBe('1')
      expect(await lab.page.getAttribute('#weight-consistency', 'aria-valuetext')).toBe('1')
      await lab.page.fill('#weight-diversity', '80')
      expect(await lab.text('value-diversity')).toBe('1')
      const moved = await lab.stepsReach(Number(await lab.text('steps')) + 3)
      // a range has no use for space
      await lab.page.keyboard.press('Space')
      await lab.page.waitForFunction(() => /^paused/.test(document.querySelector('#status')?.textContent ?? ''))
      const [total = 0, task = 0, consistency = 0, diversity = 0, spectral = 0] = await shown(lab)
      expect(Math.abs(total - (task + consistency + diversity + 0.01 * spectral))).toBeLessThan(0.02 * Math.abs(total))
      expect(await lab.text('fact-compilations')).toBe('1')
      await lab.page.waitForTimeout(1500)
      const still = await lab.text('steps')
      expect(Number(still)).toBeGreaterThanOrEqual(moved)
      await lab.page.waitForTimeout(1500)
      expect(await lab.text('steps')).toBe(still)
    })

    test('S steps and R resets; the first step is the same again', async () => {
      const before = Number(await lab.text('steps'))
      await lab.page.keyboard.press('s')
      expect(await lab.stepsReach(before + 1)).toBe(before + 1)
      await lab.page.keyboard.press('r')
      await lab.page.waitForFunction(() => document.querySelector('#steps')?.textContent === '0')
      expect(await lab.text('now-total')).toBe('–')
      expect(await lab.page.getAttribute('#chart-task .line', 'd')).toBe('')
      const firstTask = async (): Promise<string> => {
        await lab.page.keyboard.press('s')
        await lab.stepsReach(1)
        return lab.text('now-task')
      }
      const task = await firstTask()
      await lab.page.click('#reset')
      await lab.page.waitForFunction(() => document.querySelector('#steps')?.textContent === '0')
      expect(await firstTask()).toBe(task)
    })

    test('space on a button presses that button once; keys with Ctrl are the browser’s', async () => {
      const before = Number(await lab.text('steps'))
      await lab.page.focus('#step')
      await lab.page.keyboard.press('Space')
      expect(await lab.stepsReach(before + 1)).toBe(before + 1)
      await lab.page.keyboard.press('Control+s')
      await lab.page.waitForTimeout(1000)
      expect(Number(await lab.text('steps'))).toBe(before + 1)
      expect(await lab.text('run')).toBe('Run')
    })

    test('every control is reached by Tab, has a name, and shows that it has the focus', async () => {
      await blur(lab)
      const visited: string[] = []
      for (let i = 0; i < 9; i++) {
        await lab.page.keyboard.press('Tab')
        const { id, name, outlined } = await lab.page.evaluate(() => {
          const at = document.activeElement
          if (!(at instanceof HTMLElement)) return { id: '', name: '', outlined: false }
          const label = at instanceof HTMLInputElement || at instanceof HTMLSelectElement ? at.labels?.[0] : at
          const outline = (of: Element | null | undefined) =>
            of !== null && of !== undefined && getComputedStyle(of).outlineStyle !== 'none'
          return {
            id: at.id || at.getAttribute('name') || at.tagName,
            name: label?.textContent?.trim() ?? '',
            outlined: outline(at) || outline(at.closest('.choice')),
          }
        })
        expect(name, id).not.toBe('')
        expect(outlined, id).toBe(true)
        visited.push(id)
      }
      expect(visited).toEqual([
        'run',
        'step',
        'reset',
        'weight-consistency',
        'weight-diversity',
        'weight-spectral',
        'method',
        'mode',
        'SUMMARY',
      ])
    })

    test('another method starts anew, with its own weights', async () => {
      await lab.page.click('input[value=full]')
      await lab.page.waitForFunction(
        () => document.querySelector('#status')?.textContent === 'ready: Full fine-tuning in mode cpu',
      )
      expect(await lab.text('steps')).toBe('0')
      expect(await Promise.all(regularisers.map((name) => lab.text(`value-${name}`)))).toEqual(['0', '0', '0'])
      const all = numberOf(await lab.text('fact-trainable'))
      await lab.page.keyboard.press('s')
      await lab.stepsReach(1)
      expect(await lab.text('now-total')).toBe(await lab.text('now-task'))
      await lab.page.click('input[value=pissa]')
      await lab.page.waitForFunction(
        () => document.querySelector('#status')?.textContent === 'ready: PiSSA in mode cpu',
      )
      expect(numberOf(await lab.text('fact-trainable'))).toBeLessThan(all / 20)
    })

    test('the console shows no error', () => {
      expect(lab.complaints).toEqual([])
    })
  })

  test.each(['webgpu', 'webgl2', 'webasm'])(
    'in mode %s the training goes on where it is, with the same loss',
    async (mode) => {
      const lab = await openLab(browser, server.url)
      try {
        await lab.page.click('#step')
        await lab.stepsReach(1)
        await choose(lab, mode)
        expect(await lab.text('status')).toContain(`in mode ${mode}`)
        expect(await lab.text('fact-adapter')).toMatch(mode === 'webasm' ? /^WebAssembly/ : /swiftshader/i)
        expect(await lab.text('steps')).toBe('1')
        await lab.page.click('#step')
        expect(await lab.stepsReach(2)).toBe(2)
        const there = await shown(lab)

        await lab.page.click('#reset')
        await choose(lab, 'cpu')
        for (const step of [1, 2]) {
          await lab.page.click('#step')
          await lab.stepsReach(step)
        }
        const here = await shown(lab)
        for (const [i, name] of terms.entries()) {
          // three digits are shown; consistency begins at 0, as the difference of equal logits
          const scale = Math.max(Math.abs(here[i] ?? 0), 1e-3)
          expect(Math.abs((there[i] ?? Number.NaN) - (here[i] ?? 0)) / scale, name).toBeLessThan(0.02)
        }
        expect(lab.complaints).toEqual([])
      } finally {
        await lab.page.context().close()
      }
    },
  )

  test('a mode that does not start is a message with what to do, and the training goes on in another', async () => {
    const plain = await launch(withoutGpu)
    try {
      const lab = await openLab(plain, server.url)
      await lab.page.click('#step')
      await lab.stepsReach(1)
      await lab.page.selectOption('#mode', 'webgpu')
      await lab.page.waitForSelector('#problem:visible')
      expect(await lab.text('problem')).toMatch(/gpu \(webgpu\)[\s\S]*received[\s\S]*to do[\s\S]*training is kept/)
      expect(await lab.page.getAttribute('#problem', 'role')).toBe('alert')
      expect(await lab.page.isDisabled('#run')).toBe(true)
      await lab.page.selectOption('#mode', 'cpu')
      await lab.page.waitForSelector('#problem', { state: 'hidden' })
      await lab.page.waitForSelector('#run:enabled')
      await lab.page.click('#step')
      expect(await lab.stepsReach(2)).toBe(2)
      expect(lab.complaints).toEqual([])
    } finally {
      await plain.close()
    }
  })

  test('where the model does not come, the page says what to do', async () => {
    const context = await browser.newContext()
    try {
      await context.route('**/lab.safetensors', (route) => route.abort())
      const page = await context.newPage()
      await page.goto(server.url)
      await page.waitForSelector('#problem:visible')
      expect(await page.textContent('#problem')).toMatch(
        /must come from the lab's server\.\n {2}received {2}lab\.safetensors: [\s\S]*to do {5}load the page again/,
      )
      expect(await page.isDisabled('#run')).toBe(true)
    } finally {
      await context.close()
    }
  })

  const cases = [1280, 400].flatMap((width) => (['light', 'dark'] as const).map((scheme) => ({ width, scheme })))

  test.each(cases)('$width pixels, $scheme: nothing sticks out, and text can be read', async ({ width, scheme }) => {
    const lab = await openLab(browser, server.url, { viewport: { width, height: 800 }, colorScheme: scheme })
    try {
      await lab.page.click('#step')
      await lab.stepsReach(1)
      const { sideways, faint } = await lab.page.evaluate(() => {
        const channels = (color: string): readonly number[] => (color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number)
        const linear = (x: number): number => (x <= 10 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4)
        const luminance = (color: string): number => {
          const [r = 0, g = 0, b = 0] = channels(color).map(linear)
          return 0.2126 * r + 0.7152 * g + 0.0722 * b
        }
        /** Of the nearest ancestor that has a colour of its own. */
        const backgroundOf = (element: Element | null): string => {
          if (element === null) return 'rgb(255, 255, 255)'
          const { backgroundColor } = getComputedStyle(element)
          return /, 0\)$/.test(backgroundColor) ? backgroundOf(element.parentElement) : backgroundColor
        }
        const contrast = (element: Element): number => {
          const [a, b] = [luminance(getComputedStyle(element).color), luminance(backgroundOf(element))]
          return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
        }
        const texts = [...document.querySelectorAll('main *')].filter(
          (element) =>
            [...element.childNodes].some(
              (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim() !== '',
            ) && element.getClientRects().length > 0,
        )
        return {
          sideways: document.documentElement.scrollWidth - innerWidth,
          faint: texts
            .filter((element) => contrast(element) < 4.5)
            .map((element) => `${element.tagName} ${element.textContent}`),
        }
      })
      expect(sideways).toBe(0)
      expect(faint).toEqual([])
    } finally {
      await lab.page.context().close()
    }
  })
})
