import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { key, type Tensor, zeros } from '@cotangent/core'
import { writeTensors } from '@cotangent/io'
import { E, type EdgeError } from '@cotangent/prelude'
import { initLlama, llamaConfig, llamaLogits, readModel, tensorsFromParams, writeModel } from '@cotangent/transformer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixturePath, fixtureTensors, need, right } from './support/fixtures.js'
import { llamaBatch } from './support/referenceLlama.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cotangent-llama-'))
})
afterAll(() => rm(folder, { recursive: true }))

const left = <A>(result: E.Either<EdgeError, A>): EdgeError => (E.isLeft(result) ? result.left : expect.unreachable())
const message = (error: EdgeError): string => error.message.replaceAll(folder, 'FOLDER')
const read = (path: string) => readModel(path, 'nextToken')()
const reference = fixturePath('models/llama')

/** The reference folder, with other tensors or another configuration. */
const changed = async (name: string, change: (tensors: Map<string, Tensor>) => void, config: object = {}) => {
  const path = join(folder, name)
  const model = right(await read(reference))
  right(await writeModel(path, model.config, model.params)())
  const tensors = new Map<string, Tensor>(fixtureTensors('models/llama/model.safetensors'))
  change(tensors)
  right(await writeTensors(join(path, 'model.safetensors'), tensors)())
  await writeFile(join(path, 'config.json'), JSON.stringify({ ...model.config, ...config }))
  return path
}

const unchanged = (): void => undefined

describe('a model folder', () => {
  it.each(['llama', 'llama-rope3'])('%s comes back byte for byte', async (name) => {
    const from = fixturePath(`models/${name}`)
    const { config, params, newParameters, warnings } = right(await read(from))
    expect([newParameters, warnings]).toEqual([[], []])
    const to = join(folder, name)
    right(await writeModel(to, config, params)())
    for (const file of ['model.safetensors', 'config.json']) {
      expect((await readFile(join(to, file))).equals(await readFile(join(from, file))), file).toBe(true)
    }
  })

  it.each(['llama', 'llama-rope3'] as const)(
    '%s: the older layout of the configuration is the same model',
    async (name) => {
      const { params } = right(await read(fixturePath(`models/${name}`)))
      const to = join(folder, `${name}-hub`)
      right(await writeModel(to, llamaConfig({}), params)())
      await writeFile(join(to, 'config.json'), await readFile(fixturePath(`models/${name}/config.hub.json`)))
      const [today, older] = [right(await read(fixturePath(`models/${name}`))), right(await read(to))]
      expect(older.warnings).toEqual([])
      const { inputs } = llamaBatch([name, 'expected'])
      expect(llamaLogits(older.config, older.params, inputs).logits.data).toEqual(
        llamaLogits(today.config, today.params, inputs).logits.data,
      )
    },
  )

  it('with tied embeddings has no head, and takes a file that holds it twice', async () => {
    const config = llamaConfig({
      vocab_size: 11,
      hidden_size: 8,
      num_attention_heads: 2,
      num_hidden_layers: 1,
      intermediate_size: 12,
      tie_word_embeddings: true,
    })
    const params = initLlama(key(4), config)
    const to = join(folder, 'tied')
    right(await writeModel(to, config, params)())
    const tensors = tensorsFromParams(params)
    const same = async (): Promise<void> => {
      const back = right(await read(to))
      expect(back.warnings).toEqual([])
      expect([...tensorsFromParams(back.params).keys()]).toEqual([...tensors.keys()])
      for (const [name, tensor] of tensors) {
        expect(need(tensorsFromParams(back.params), name).data, name).toEqual(tensor.data)
      }
    }
    await same()
    const twice = new Map(tensors).set('lm_head.weight', need(tensors, 'model.embed_tokens.weight'))
    right(await writeTensors(join(to, 'model.safetensors'), twice)())
    await same()
  })

  it('of an older checkpoint holds frequencies, which are not weights', async () => {
    const path = await changed('older', (tensors) => {
      for (const i of [0, 1]) tensors.set(`model.layers.${i}.self_attn.rotary_emb.inv_freq`, zeros([4]))
    })
    expect(right(await read(path)).warnings).toEqual([])
  })

  it('with adapters is refused', async () => {
    const { config, params } = right(await read(reference))
    const weight = { base: zeros([97, 32]), a: zeros([1, 32]), b: zeros([97, 1]), scale: zeros([]) }
    const adapted = { ...params, lm_head: { weight } }
    expect(message(left(await writeModel(join(folder, 'adapted'), config, adapted)()))).toContain(
      'parameters with adapters',
    )
  })
})

describe('reading', () => {
  it('takes the base of a model without its head, and makes a new head when told so', async () => {
    const path = await changed('bare', (tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name)
        if (name.startsWith('model.')) tensors.set(name.slice('model.'.length), tensor)
      }
    })
    expect(left(await read(path))).toMatchObject({ _tag: 'MissingTensor', names: ['lm_head.weight'] })
    const model = right(await readModel(path, 'nextToken', { newHead: key(1) })())
    expect(model.newParameters).toEqual(['lm_head.weight'])
    expect(model.params.model.norm.weight.data).toEqual(
      need(fixtureTensors('models/llama/model.safetensors'), 'model.norm.weight').data,
    )
  })

  it('refuses a decoder that is not whole, even with a new head', async () => {
    const path = await changed('missing', (tensors) => {
      tensors.delete('model.layers.1.mlp.up_proj.weight')
      tensors.set('model.layers.1.mlp.up.weight', zeros([56, 32]))
    })
    expect(message(left(await readModel(path, 'nextToken', { newHead: key(1) })()))).toMatchInlineSnapshot(`
      "FOLDER/missing/model.safetensors: every tensor that the model needs must be there.
        received  1 missing:
                  model.layers.1.mlp.up_proj.weight (there is model.layers.1.mlp.up.weight)
        to do     check that the weights and the configuration belong to the same model"
    `)
  })

  it('compares shapes exactly: heads of keys and values', async () => {
    const path = await changed('heads', unchanged, { num_key_value_heads: 4 })
    expect(message(left(await read(path)))).toMatchInlineSnapshot(`
      "FOLDER/heads/model.safetensors: model.layers.0.self_attn.k_proj.weight must be f32[32,32].
        received  f32[16,32]
        to do     check that the weights and the configuration belong to the same model"
    `)
  })

  it('looks at model_type first', async () => {
    expect(message(left(await readModel(reference, 'classify')())).replace(reference, 'LLAMA')).toMatchInlineSnapshot(`
      "LLAMA/config.json: this configuration cannot be used.
        received  model_type: expected "bert" for the head classify, received "llama"
        to do     name a head that the model has, or use another model"
    `)
    expect(left(await readModel(fixturePath('models/bert-mlm'), 'nextToken')()).message).toContain(
      'model_type: expected "llama" for the head nextToken, received "bert"',
    )
    for (const model_type of ['llamma', 'constructor', undefined, 7]) {
      const path = await changed('type', unchanged, { model_type })
      expect(left(await read(path)).message).toContain('model_type: expected "llama"')
    }
  })

  it('refuses unsupported settings by name, before weights', async () => {
    const path = await changed('yarn', unchanged, { rope_parameters: { rope_type: 'yarn', factor: 4 } })
    await rm(join(path, 'model.safetensors'))
    expect(message(left(await read(path)))).toMatchInlineSnapshot(`
      "FOLDER/yarn/config.json: a value is not as it must be.
        received  rope_parameters.rope_type: expected "default" or "linear" or "llama3", received "yarn"
        to do     correct what is listed in FOLDER/yarn/config.json"
    `)
  })

  it('refuses a file that holds no configuration', async () => {
    const path = await changed('list', unchanged)
    await writeFile(join(path, 'config.json'), '[]')
    expect(message(left(await read(path)))).toMatchInlineSnapshot(`
      "FOLDER/list/config.json: a value is not as it must be.
        received  expected a record, received an empty list
        to do     correct what is listed in FOLDER/list/config.json"
    `)
  })
})
