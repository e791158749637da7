import { describe, expect, it } from 'vitest'
import * as errors from './errors.js'
import { E } from './fp.js'

describe('the messages of edge errors', () => {
  it('have three parts: what must hold, what was received, what to do', () => {
    const faults = [{ path: 'rank', expected: 'a whole number above 0', received: '0' }]
    const parts = { must: '--rank must be a whole number above 0.', received: '"abc"', todo: 'give it as --rank 8' }
    const all: readonly errors.EdgeError[] = [
      errors.badInput(faults, 'study.yaml'),
      errors.badConfig(faults, 'choose a smaller rank', 'study.yaml'),
      errors.badOption('--rank', parts),
      errors.missingFile('model.safetensors', 'no such file', 'check the path', 'ENOENT'),
      errors.missingTensor(['bert.a', 'bert.b'], 'model.safetensors', new Map([['bert.a', 'bert.A']])),
      errors.wrongShape('bert.a', 'F32[2,3]', 'F32[3,2]', 'model.safetensors'),
      errors.badContainer('model.safetensors', 'ranges must not overlap', 'bytes 0 to 8 twice', 'a\u001b'),
      errors.engineUnavailable('gpu', 'no adapter', 'use --engine onnx'),
      errors.outputRefused('out', { must: 'out must be a folder.', received: 'a file', todo: 'give another path' }),
      errors.outputBusy('out', 'process 12 on host, since then'),
      errors.writeFailed('out/model', 'the disk is full', 'ENOSPC'),
      errors.nonFinite('svd', 3, 'NaN'),
    ]
    for (const error of all)
      expect(error.message).toMatch(/^[^\n]+[.]\n {2}received {2}[^\n]+(\n {12}[^\n]+)*\n {2}to do {5}[^\n]+$/)
    expect(all.map(({ message }) => message).join('\n')).toMatchInlineSnapshot(`
      "study.yaml: a value is not as it must be.
        received  rank: expected a whole number above 0, received 0
        to do     correct what is listed in study.yaml
      study.yaml: this configuration cannot be used.
        received  rank: expected a whole number above 0, received 0
        to do     choose a smaller rank
      --rank must be a whole number above 0.
        received  "abc"
        to do     give it as --rank 8
      model.safetensors: must be a file that can be read.
        received  no such file
        to do     check the path
      model.safetensors: every tensor that the model needs must be there.
        received  2 missing:
                  bert.a (there is bert.A)
                  bert.b
        to do     check that the weights and the configuration belong to the same model
      model.safetensors: bert.a must be F32[2,3].
        received  F32[3,2]
        to do     check that the weights and the configuration belong to the same model
      model.safetensors: tensor "a\\x1b": ranges must not overlap.
        received  bytes 0 to 8 twice
        to do     fetch or write the file again: it is damaged, cut short, or of another format
      engine "gpu" must be usable on this machine.
        received  no adapter
        to do     use --engine onnx
      out must be a folder.
        received  a file
        to do     give another path
      out: one run at a time may write here.
        received  process 12 on host, since then
        to do     wait for that run to end, stop it, or give another output folder
      out/model: must be written as a whole.
        received  the disk is full
        to do     make room or repair the disk and run again: what was there before is unchanged
      the term "svd" must stay finite.
        received  NaN at step 3
        to do     lower the learning rate or the weight of this term, or look at the batch of this step"
    `)
  })

  it('go to exit code 2 for bad input and 1 for a failure while running', () => {
    expect(errors.exitCodeOf(errors.badInput([]))).toBe(2)
    expect(errors.exitCodeOf(errors.writeFailed('out', 'the disk is full'))).toBe(1)
  })
})

describe('attempt', () => {
  it('turns a thrown error into a value and keeps it', () => {
    const thrown = new RangeError('dot: \u001b[31mno')
    const result = errors.attempt(() => {
      throw thrown
    })
    expect(result).toMatchObject({ left: { _tag: 'WrongProgram', name: 'RangeError', message: 'dot: \\x1b[31mno' } })
    expect(E.isLeft(result) && result.left.cause).toBe(thrown)
    expect(errors.attempt(() => 2)).toEqual(E.right(2))
  })

  it('does the same for what answers later', async () => {
    const thrown = new RangeError('no')
    const failed = await errors.attemptTask(() => Promise.reject(thrown))()
    expect(E.isLeft(failed) && failed.left.cause).toBe(thrown)
    expect(await errors.attemptTask(async () => 2)()).toEqual(E.right(2))
  })

  it('throws on what is no Error', () => {
    expect(() =>
      errors.attempt(() => {
        throw 'text'
      }),
    ).toThrow('text')
  })
})

describe('getOrThrow', () => {
  it('gives the value or throws the message', () => {
    expect(errors.getOrThrow(E.right(1))).toBe(1)
    const failed = E.left(errors.engineUnavailable('gpu', 'no adapter', 'use another'))
    expect(() => errors.getOrThrow(failed)).toThrow(errors.EdgeFailure)
    expect(() => errors.getOrThrow(failed)).toThrow('engine "gpu" must be usable')
  })
})
