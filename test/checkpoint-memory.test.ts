/*
 * What checkpoint is for: a training step holds less at a time. Measured as the most that a process of its own ever held
 * (its peak resident set size, nothing subtracted: Node, its modules, weights and the compiler's memory are in it on both
 * sides).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { decode, finite, open } from '@cotangent/prelude'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { encoderStep } from './support/encoderStep.js'
import { right } from './support/fixtures.js'
import { countOperators } from './support/onnxModel.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'cotangent-checkpoint-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const measured = open({ peak: finite, loss: finite, slope: finite })

const measure = (mode: 'plain' | 'checkpoint', order: 'first' | 'last') => {
  const args = ['--import', 'tsx', join(root, 'test/support/checkpointStep.ts'), mode, order]
  const env = { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.test.json') }
  const child = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' })
  if (child.status !== 0) throw new Error(child.stderr)
  return right(decode(measured, JSON.parse(child.stdout)))
}

describe('one training step of 12 encoder layers', () => {
  test('with a checkpoint around each holds at most half as much, in whatever order its parameters are', () => {
    const plain = measure('plain', 'first')
    for (const order of ['first', 'last'] as const) {
      const saved = measure('checkpoint', order)
      expect(plain.peak / saved.peak).toBeGreaterThan(2)
      expect(saved.loss).toBeCloseTo(plain.loss, 5)
      expect(saved.slope).toBeCloseTo(plain.slope, 5)
    }
  }, 600_000)

  test("keeps what is computed a second time behind onnxruntime's optimisers", async () => {
    const layers = 12
    const shape = { layers, width: 16, heads: 2, batch: 2, seq: 4 }
    const counted = async (isCheckpointed: boolean): Promise<Readonly<Record<string, number>>> => {
      const optimizedModelFilePath = join(folder, 'model.onnx')
      const { create } = InferenceSession
      const made = vi.spyOn(InferenceSession, 'create')
      made.mockImplementation(((model: Uint8Array, options: InferenceSession.SessionOptions) =>
        create.call(InferenceSession, model, { ...options, optimizedModelFilePath })) as typeof create)
      const engine = await onnxEngine({ threads: 1 })
      const { step, args } = encoderStep(shape, isCheckpointed, 'first')
      await compile(step, engine)(...args)
      await engine.close()
      made.mockRestore()
      return countOperators(readFileSync(optimizedModelFilePath))
    }
    const products = ({ Gemm = 0, MatMul = 0, FusedMatMul = 0 }: Readonly<Record<string, number>>): number =>
      Gemm + MatMul + FusedMatMul
    const [plain, saved] = [await counted(false), await counted(true)]
    // a layer has 6 products with weights and 2 of attention; each has two backwards, but for the input of the first layer
    expect(products(plain)).toBe(layers * 3 * 8 - 3)
    expect(products(saved)).toBe(layers * 4 * 8 - 3)
    // the error function is computed once, for gelu and its derivative; then gelu in one operator, and that again
    expect([plain.Gelu ?? 0, plain.Erf]).toEqual([0, layers])
    expect([saved.Gelu, saved.Erf]).toEqual([layers, layers])
    expect([plain.Softmax, saved.Softmax]).toEqual([layers, 2 * layers])
  })
})
