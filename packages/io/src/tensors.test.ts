import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { array, tensor } from '@cotangent/core'
import { E, getOrThrow } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { readSafetensors } from './safetensors/readSafetensors.js'
import { writeSafetensors } from './safetensors/writeSafetensors.js'
import { type StoredTensor, storedDTypes, storedFloat32 } from './storedTensor.js'
import { computedDType, fromTensor, readModelTensors, readTensors, toTensor, writeTensors } from './tensors.js'

const fixtures = fileURLToPath(new URL('../../../test/fixtures/io/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'cotangent-'))

describe('tensors and files', () => {
  it('go back and forth for every dtype of a program', async () => {
    const tensors = new Map([
      [
        'f32',
        array([
          [1.5, -2],
          [3, 0.1],
        ]),
      ],
      ['f64', tensor(Float64Array.of(0.1))],
      ['i32', tensor(Int32Array.of(-5, 6))],
      ['u32', tensor(Uint32Array.of(2 ** 32 - 1))],
      ['bool', array([true, false])],
      ['scalar', tensor(Float32Array.of(7), [])],
      ['empty', tensor(new Float32Array(), [0, 3])],
    ])
    const path = join(folder, 'all.safetensors')
    getOrThrow(await writeTensors(path, tensors)())
    const back = getOrThrow(await readTensors(path)())
    for (const [name, each] of tensors) {
      expect(back.get(name)?.aval).toEqual(each.aval)
      expect(back.get(name)?.data).toEqual(each.data)
    }
  })

  it.each(['lora-bert-classifier', 'argmax', 'nlu_zero_student'])('give %s back byte by byte', async (name) => {
    const source = join(fixtures, `${name}.safetensors`)
    const { metadata } = getOrThrow(await readSafetensors(source)())
    const path = join(folder, `${name}.safetensors`)
    getOrThrow(await writeTensors(path, getOrThrow(await readTensors(source)()), { metadata })())
    expect(readFileSync(path).equals(readFileSync(source))).toBe(true)
  })

  it('read each stored dtype as the one that holds it', async () => {
    const { tensors } = getOrThrow(await readSafetensors(join(fixtures, 'every_dtype.safetensors'))())
    const empty = new Map([...tensors].filter(([name]) => name.startsWith('empty.')))
    for (const [name, stored] of empty)
      expect(getOrThrow(toTensor(stored, { name })).dtype).toBe(computedDType[stored.dtype])
    expect(empty.size).toBe(storedDTypes.length)
  })

  it('refuse whole numbers beyond i32 by name', () => {
    const stored: StoredTensor = { dtype: 'I64', shape: [1], data: new Uint8Array(BigInt64Array.of(2n ** 40n).buffer) }
    expect(toTensor(stored, { name: 'ids' })).toMatchObject({ left: { _tag: 'WrongShape', tensor: 'ids' } })
  })

  it('store floats in 16 bits where asked', async () => {
    expect(getOrThrow(await fromTensor(array([1, 2]), 'BF16')())).toEqual({
      dtype: 'BF16',
      shape: [2],
      data: Uint8Array.of(0x80, 0x3f, 0x00, 0x40),
    })
  })

  it('refuse a donated tensor as a value', async () => {
    const gone = array([1])
    gone.donate()
    const result = await writeTensors(join(folder, 'gone.safetensors'), new Map([['w', gone]]))()
    expect(result).toMatchObject({ left: { _tag: 'WrongProgram' } })
  })
})

describe('a model folder', () => {
  it('is read from its shards', async () => {
    const model = getOrThrow(await readModelTensors(join(fixtures, 'mistral'))())
    expect(model.tensors.size).toBe(21)
    expect(model.warnings).toEqual([])
    expect(model.metadata.get('format')).toBe('pt')
  })

  it('with NaN among its weights is read with a warning', async () => {
    const path = join(folder, 'nan')
    mkdirSync(path)
    const weights = new Map([['encoder\u001b', storedFloat32([Number.NaN], [1])]])
    await writeSafetensors(join(path, 'model.safetensors'), weights)()
    const model = await readModelTensors(path)()
    expect(E.isRight(model) && model.right.warnings).toEqual(['These weights hold NaN or infinities: encoder\\x1b.'])
  })
})
