/*
 * A page that trains for long holds no more at the end than at the beginning: arrays on the device, and the heaps of the
 * page and its worker after a garbage collection.
 *
 *   COTANGENT_LAB_SOAK_SECONDS=300 npm run test:browser -- labSoak     longer than the 60 s it takes by default
 *   COTANGENT_LAB_SOAK_MODE=webgpu                                     in another mode than cpu
 */
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { executablePath, onSwiftShader } from './support/chromium.js'
import { heapOf } from './support/heaps.js'
import { launch, openLab, serveLab } from './support/openLab.js'

const seconds = Number(process.env.COTANGENT_LAB_SOAK_SECONDS || 60)
const mode = process.env.COTANGENT_LAB_SOAK_MODE || 'cpu'
const samples = 12
/**
 * Bytes a step that a heap may grow by. In the first 600 steps the page's history fills and V8 keeps more code: 2 kB a
 * step were measured, and none from there on. A step's parameters and their moments are 56 kB.
 */
const mostGrowth = 4096
/** Milliseconds in which a step under way ends, in a slow mode on a busy machine. */
const restTime = 4000

/** Slope of the least-squares line through y over x. */
const slopeOf = (points: readonly (readonly [number, number])[]): number => {
  const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length
  const [x0, y0] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const above = points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0)
  return above / points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0)
}

describe.skipIf(!existsSync(executablePath))('a page that trains for long', () => {
  test(
    `holds no more after ${seconds} s in mode ${mode}`,
    async () => {
      const server = await serveLab()
      const browser = await launch(onSwiftShader)
      try {
        const lab = await openLab(browser, server.url)
        const heaps = await heapOf(lab.page)
        await lab.page.selectOption('#mode', mode)
        await lab.page.waitForFunction((m) => document.querySelector('#fact-mode')?.textContent === m, mode)
        await lab.page.click('#run')
        // the compilation, and the history's first half, are behind it
        await lab.stepsReach(10)
        const seen: {
          readonly steps: number
          readonly page: number
          readonly worker: number
          readonly device: string
        }[] = []
        for (let i = 0; i < samples; i++) {
          await lab.page.waitForTimeout((1000 * seconds) / samples)
          // at rest: what a step has under way is no leak
          await lab.page.click('#run')
          await lab.page.waitForFunction(() => /^paused/.test(document.querySelector('#status')?.textContent ?? ''))
          await lab.page.waitForTimeout(restTime)
          const { page, worker } = await heaps()
          seen.push({ steps: Number(await lab.text('steps')), page, worker, device: await lab.text('fact-memory') })
          await lab.page.click('#run')
        }
        console.log(
          [
            'steps     page heap, bytes     worker heap, bytes     arrays on the device',
            ...seen.map(({ steps, page, worker, device }) => `${steps}     ${page}     ${worker}     ${device}`),
          ].join('\n'),
        )
        await lab.stepsReach((seen.at(-1)?.steps ?? 0) + 1)
        expect(seen.at(-1)?.steps).toBeGreaterThan(10 + samples)
        expect(new Set(seen.map(({ device }) => device)).size).toBe(1)
        const perStep = (of: 'page' | 'worker'): number => slopeOf(seen.map((sample) => [sample.steps, sample[of]]))
        expect(perStep('page')).toBeLessThan(mostGrowth)
        expect(perStep('worker')).toBeLessThan(mostGrowth)
        expect(lab.complaints).toEqual([])
      } finally {
        await browser.close()
        await server.close()
      }
    },
    300_000 + 1500 * seconds,
  )
})
