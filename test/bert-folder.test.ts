import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { key, type Tensor, zeros } from '@cotangent/core'
import { writeTensors } from '@cotangent/io'
import { E, type EdgeError } from '@cotangent/prelude'
import {
  bertConfig,
  initBert,
  labelNames,
  type ReadModelOptions,
  readModel,
  tensorsFromParams,
  writeModel,
} from '@cotangent/transformer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixturePath, fixtureTensors, need, right } from './support/fixtures.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cotangent-bert-'))
})
afterAll(() => rm(folder, { recursive: true }))

const left = <A>(result: E.Either<EdgeError, A>): EdgeError => (E.isLeft(result) ? result.left : expect.unreachable())
const message = (error: EdgeError): string => error.message.replaceAll(folder, 'FOLDER')

/** The reference classifier's folder, with other tensors. */
const changed = async (name: string, change: (tensors: Map<string, Tensor>) => void, model = 'bert-classify') => {
  const path = join(folder, name)
  const { config, params } = right(await readModel(fixturePath(`models/${model}`), 'classify', { newHead: key(0) })())
  right(await writeModel(path, config, params)())
  const tensors = new Map<string, Tensor>(fixtureTensors(`models/${model}/model.safetensors`))
  change(tensors)
  right(await writeTensors(join(path, 'model.safetensors'), tensors)())
  return path
}

const classifier = (path: string, options?: ReadModelOptions<'classify'>) => readModel(path, 'classify', options)()

describe('a model folder', () => {
  it.each([
    ['bert-classify', 'classify'],
    ['bert-regress', 'classify'],
    ['bert-mlm', 'maskedWords'],
  ] as const)('%s comes back byte for byte', async (name, head) => {
    const from = fixturePath(`models/${name}`)
    const { config, params, newParameters, warnings } = right(await readModel(from, head)())
    expect([newParameters, warnings]).toEqual([[], []])
    const to = join(folder, name)
    right(await writeModel(to, config, params)())
    for (const file of ['model.safetensors', 'config.json']) {
      expect((await readFile(join(to, file))).equals(await readFile(join(from, file))), file).toBe(true)
    }
  })

  it('of a new model reads back as it was, labels named', async () => {
    const config = bertConfig({
      vocab_size: 11,
      hidden_size: 8,
      num_attention_heads: 2,
      num_hidden_layers: 1,
      num_labels: 3,
    })
    const params = initBert(key(4), config, 'classify')
    const to = join(folder, 'new')
    right(await writeModel(to, config, params)())
    const back = right(await classifier(to))
    expect(labelNames(back.config)).toEqual(['LABEL_0', 'LABEL_1', 'LABEL_2'])
    for (const [name, tensor] of tensorsFromParams(params)) {
      expect(need(tensorsFromParams(back.params), name).data, name).toEqual(tensor.data)
    }
  })

  it('with adapters is refused', async () => {
    const { config, params } = right(await classifier(fixturePath('models/bert-classify')))
    const weight = { base: zeros([3, 32]), a: zeros([1, 32]), b: zeros([3, 1]), scale: zeros([]) }
    const adapted = { ...params, classifier: { ...params.classifier, weight } }
    expect(message(left(await writeModel(join(folder, 'adapted'), config, adapted)()))).toMatchInlineSnapshot(`
      "writeModel: a model folder holds plain weights.
        received  parameters with adapters
        to do     merge them with mergeAdapters, or save the adapter by itself beside the base model"
    `)
  })
})

describe('reading weights', () => {
  it('refuses missing tensors with a list and near misses', async () => {
    const path = await changed('missing', (tensors) => {
      tensors.delete('bert.encoder.layer.1.output.dense.weight')
      tensors.set('bert.encoder.layer.1.output.dense.weights', zeros([32, 56]))
      tensors.delete('classifier.bias')
    })
    expect(message(left(await classifier(path)))).toMatchInlineSnapshot(`
      "FOLDER/missing/model.safetensors: every tensor that the model needs must be there.
        received  2 missing:
                  bert.encoder.layer.1.output.dense.weight (there is bert.encoder.layer.1.output.dense.weights)
                  classifier.bias
        to do     check that the weights and the configuration belong to the same model"
    `)
  })

  it('compares shapes exactly', async () => {
    const transposed = await changed('transposed', (tensors) => {
      tensors.set('bert.encoder.layer.0.intermediate.dense.weight', zeros([32, 56]))
    })
    expect(message(left(await classifier(transposed)))).toMatchInlineSnapshot(`
      "FOLDER/transposed/model.safetensors: bert.encoder.layer.0.intermediate.dense.weight must be f32[56,32].
        received  f32[32,56]
        to do     check that the weights and the configuration belong to the same model"
    `)
    const integers = await changed('integers', (tensors) => {
      tensors.set('classifier.bias', zeros([3], 'i32'))
    })
    expect(message(left(await classifier(integers)))).toContain('f32[3]')
    const wider = fixturePath('models/bert-classify')
    expect(message(left(await classifier(wider, { settings: { vocab_size: 98 } })))).toContain('f32[98,32]')
  })

  it('says what is in the file and has no place', async () => {
    const path = await changed('extra', (tensors) => {
      tensors.set('extra.weight', zeros([2]))
    })
    expect(right(await classifier(path)).warnings).toMatchInlineSnapshot(`
      [
        "In the file and not used by this model: extra.weight.",
      ]
    `)
  })

  it('makes a new head only when told so, and says it', async () => {
    const words = fixturePath('models/bert-mlm')
    expect(left(await classifier(words))).toMatchObject({
      _tag: 'MissingTensor',
      names: ['bert.pooler.dense.weight', 'bert.pooler.dense.bias', 'classifier.weight', 'classifier.bias'],
    })
    const model = right(await classifier(words, { newHead: key(3), settings: { num_labels: 9 } }))
    expect(model.params.classifier.bias?.shape).toEqual([9])
    expect(model.newParameters).toHaveLength(4)
    expect(model.warnings).toMatchInlineSnapshot(`
      [
        "New, not from the file, and to be trained: bert.pooler.dense.weight, bert.pooler.dense.bias, classifier.weight, classifier.bias.",
        "In the file and not used by this model: cls.predictions.bias, cls.predictions.transform.LayerNorm.bias, cls.predictions.transform.LayerNorm.weight, cls.predictions.transform.dense.bias, cls.predictions.transform.dense.weight.",
      ]
    `)
    const encoder = await changed('no-encoder', (tensors) => tensors.delete('bert.embeddings.LayerNorm.weight'))
    expect(left(await classifier(encoder, { newHead: key(3) }))._tag).toBe('MissingTensor')
  })

  it('takes the names of older checkpoints', async () => {
    const path = await changed('older', (tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name)
        tensors.set(
          name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
          tensor,
        )
      }
      tensors.set('bert.embeddings.position_ids', zeros([1, 64], 'i32'))
    })
    const [older, today] = [right(await classifier(path)), right(await classifier(fixturePath('models/bert-classify')))]
    expect(older.warnings).toEqual([])
    for (const [name, tensor] of tensorsFromParams(today.params)) {
      expect(need(tensorsFromParams(older.params), name).data, name).toEqual(tensor.data)
    }
  })

  it('takes a model saved without a head', async () => {
    const path = await changed('bare', (tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name)
        if (name.startsWith('bert.')) tensors.set(name.slice('bert.'.length), tensor)
      }
    })
    expect(right(await classifier(path, { newHead: key(1) })).newParameters).toEqual([
      'classifier.weight',
      'classifier.bias',
    ])
  })

  it('says which weights are not finite', async () => {
    const path = await changed('nan', (tensors) => {
      const bias = need(tensors, 'classifier.bias')
      bias.data[0] = Number.NaN
    })
    expect(right(await classifier(path)).warnings.join()).toContain('classifier.bias')
  })
})

describe('reading config.json', () => {
  it('comes before weights', async () => {
    const path = join(folder, 'bad-config')
    const model = right(await classifier(fixturePath('models/bert-classify')))
    right(await writeModel(path, model.config, model.params)())
    await rm(join(path, 'model.safetensors'))
    await writeFile(join(path, 'config.json'), '{"model_type": "bert", "hidden_size": -1, "num_hidden_layers": 0}')
    expect(message(left(await classifier(path)))).toMatchInlineSnapshot(`
      "FOLDER/bad-config/config.json: 2 values are not as they must be.
        received  hidden_size: expected a whole number from 1 to 16777216, received -1
                  num_hidden_layers: expected a whole number from 1 to 16777216, received 0
        to do     correct what is listed in FOLDER/bad-config/config.json"
    `)
    await rm(join(path, 'config.json'))
    expect(left(await classifier(path))._tag).toBe('MissingFile')
  })

  it('refuses a decoder of its own for masked words', async () => {
    const words = fixturePath('models/bert-mlm')
    const result = await readModel(words, 'maskedWords', { settings: { tie_word_embeddings: false } })()
    expect(left(result)).toMatchObject({ _tag: 'BadConfig' })
  })
})
