import { E } from '@cotangent/prelude'
import { expect, test, vi } from 'vitest'
import { onnxEngine, startOnnxEngine } from './engine.js'

vi.mock('onnxruntime-node', () => {
  throw new Error('libonnxruntime.so.1: cannot open shared object file')
})

test('where onnxruntime does not load, the message says why and what to do', async () => {
  const started = await startOnnxEngine()()
  expect(E.isLeft(started) && started.left._tag).toBe('EngineUnavailable')
  const message = E.isLeft(started) ? started.left.message : ''
  expect(message).toContain('engine "onnx" must be usable on this machine')
  expect(message).toContain(`onnxruntime-node does not load on ${process.platform}-${process.arch}`)
  expect(message).toContain('npm install --ignore-scripts onnxruntime-node')
  await expect(onnxEngine()).rejects.toThrow('engine "onnx" must be usable on this machine')
})
