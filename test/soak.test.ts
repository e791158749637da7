/* Long training leaks nothing, also where steps fail: heap, buffers and resident memory stay as they are. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { decode, finite, open, readonlyList, t } from '@cotangent/prelude'
import { describe, expect, test } from 'vitest'
import { right } from './support/fixtures.js'

const soaked = open({
  stateBytes: finite,
  samples: readonlyList(open({ step: finite, heapUsed: finite, arrayBuffers: finite, rss: finite })),
  errors: t.record(t.string, finite),
  done: finite,
  early: finite,
  late: finite,
  firstLeft: finite,
})

const soak = (engine: 'onnx' | 'reference') => {
  const script = fileURLToPath(new URL('support/soak.mjs', import.meta.url))
  const child = spawnSync(process.execPath, ['--expose-gc', script, engine], { encoding: 'utf8' })
  if (child.status !== 0) throw new Error(child.stderr)
  return right(decode(soaked, JSON.parse(child.stdout)))
}

/** Slope of the least-squares line through y over x. */
const slopeOf = (points: readonly (readonly [number, number])[]): number => {
  const average = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length
  const [x0, y0] = [average(points.map(([x]) => x)), average(points.map(([, y]) => y))]
  const above = points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0)
  return above / points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0)
}

describe('2,000 training steps with donated parameters, every 50th failing', { timeout: 300_000 }, () => {
  test.each(['onnx', 'reference'] as const)('hold no more at the end than at the beginning, on %s', (engine) => {
    const { stateBytes, samples, errors, done, early, late, firstLeft } = soak(engine)
    // it did train, and the steps between the failures went on from where the last good one was
    expect(errors).toEqual({ ShapeError: 14, BufferError: 13, IndexError: 13 })
    expect(done).toBe(1960)
    expect(late).toBeLessThan(early / 10)

    expect(samples.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => 100 * (i + 1)))
    const slope = (of: (sample: (typeof samples)[number]) => number): number =>
      slopeOf(samples.map((sample) => [sample.step, of(sample)]))
    const kibibyte = 1024
    expect(slope(({ heapUsed }) => heapUsed)).toBeLessThan(kibibyte) // bytes a step
    expect(slope(({ arrayBuffers }) => arrayBuffers)).toBeLessThan(kibibyte)
    expect(Math.max(...samples.map(({ rss }) => rss))).toBeLessThan(6 * stateBytes + 150e6)
    // nothing keeps what the function was first called with
    expect(firstLeft).toBe(0)
  })
})
