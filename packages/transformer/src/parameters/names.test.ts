import { array, type Tensor } from '@cotangent/core'
import { E, getOrThrow } from '@cotangent/prelude'
import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { nameOfPath, paramsFromTensors, pathOfName, type TensorTree, tensorsFromParams } from './names.js'

const leaf = (): Tensor => array([1])

describe('names and paths', () => {
  const pairs = [
    ['bert.encoder.layer.0.attention.self.query.weight', 'bert.encoder.layer[0].attention.self.query.weight'],
    ['bert.embeddings.LayerNorm.bias', 'bert.embeddings.LayerNorm.bias'],
    ['0.1.w2', '[0][1].w2'],
    ['layer.10.20.x_1', 'layer[10][20].x_1'],
  ] as const

  it.each(pairs)('%s', (name, path) => {
    expect(pathOfName(name)).toBe(path)
    expect(nameOfPath(path)).toBe(name)
  })
})

const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,5}$/).filter((key) => key !== '__proto__')
const { tree } = fc.letrec<{ tree: TensorTree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null).map(leaf),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
    fc.dictionary(word, tie('tree'), { minKeys: 1, maxKeys: 3 }),
  ),
}))

test.prop([tree.filter((t) => !('aval' in t))], { seed: 3, numRuns: 100 })(
  'a tree comes back from its names',
  (params) => {
    const back = getOrThrow(paramsFromTensors(tensorsFromParams(params), 'f'))
    expect(back).toEqual(params)
    expect([...tensorsFromParams(back).keys()]).toEqual([...tensorsFromParams(params).keys()])
  },
)

describe('paramsFromTensors', () => {
  const refused = (...names: string[]): string => {
    const result = paramsFromTensors(new Map(names.map((name) => [name, leaf()])), 'model.safetensors')
    return E.isLeft(result) ? result.left.message : 'accepted'
  }

  it('keeps the names of a model apart, eleven layers in order', () => {
    const names = Array.from({ length: 11 }, (_, i) => `layer.${i}.weight`).reverse()
    const params = getOrThrow(paramsFromTensors(new Map(names.map((name) => [name, leaf()])), 'f'))
    expect(tensorsFromParams(params).size).toBe(11)
    expect(Array.isArray(Reflect.get(params, 'layer'))).toBe(true)
  })

  it('refuses names that make no tree', () => {
    expect(refused('a', 'a.b')).toMatchInlineSnapshot(`
      "model.safetensors: tensor "a.b": no other name may go on behind a name.
        received  a tensor and a group of tensors
        to do     fetch or write the file again: it is damaged, cut short, or of another format"
    `)
    expect(refused('a.b', 'a')).toContain('a tensor and a group of tensors')
    expect(refused('layer.0.w', 'layer.2.w')).toMatchInlineSnapshot(`
      "model.safetensors: the parts of "layer" must be numbered from 0 without gaps.
        received  0, 2
        to do     fetch or write the file again: it is damaged, cut short, or of another format"
    `)
    expect(refused('layer.0.w', 'layer.x.w')).toContain('numbered from 0')
    expect(refused('layer.00.w')).toMatchInlineSnapshot(`
      "model.safetensors: tensor "layer.00.w": its name must be words and numbers with dots between them.
        received  the part "00"
        to do     fetch or write the file again: it is damaged, cut short, or of another format"
    `)
    expect(refused('__proto__.w')).toContain('words and numbers')
    expect(refused('a..b')).toContain('words and numbers')
    expect(refused('a\u001b[31m')).not.toContain('\u001b')
  })
})
