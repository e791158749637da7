import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  adapt,
  dottedName,
  loadAdapter,
  lora,
  merge,
  parameterCount,
  pissa,
  saveAdapter,
  trainable,
} from '@cotangent/ba-lora'
import { add, array, grad, type HostTensor, key, mul, type Tensor, treeEntries, treeMap } from '@cotangent/core'
import { combine, partition, withoutAdapters } from '@cotangent/nn'
import { E } from '@cotangent/prelude'
import { bertClassify, classificationLoss, paramsFromTensors, readModel } from '@cotangent/transformer'
import { describe, expect, it } from 'vitest'
import { fileTensors, fixturePath, fixtureTensors, need, right, scaledError } from './support/fixtures.js'

const llama: unknown = right(paramsFromTensors(fixtureTensors('models/llama/model.safetensors'), 'llama'))
const bert = right(await readModel(fixturePath('models/bert-classify'), 'classify')())

const folder = (name: string): string => fixturePath(`adapters/${name}`)
const temporary = (): string => join(mkdtempSync(join(tmpdir(), 'cotangent-')), 'adapter')

const byName = (params: unknown): ReadonlyMap<string, Tensor> =>
  new Map(treeEntries(params).map(([path, leaf]) => [dottedName(path), leaf]))

/** Weights as expected results of merging. */
const asMerged = (params: unknown): ReadonlyMap<string, Tensor> =>
  new Map([...byName(params)].map(([name, weight]) => [`merged.${name}`, weight]))

/** Largest scaled error of merged weights against those that PEFT's merge gives; what it does not list is the base's. */
const mergeError = (params: unknown, base: unknown, expected: ReadonlyMap<string, Tensor>): number => {
  const original = byName(base)
  return Math.max(
    ...[...byName(merge(params))].map(([name, weight]) =>
      scaledError(weight, expected.get(`merged.${name}`) ?? need(original, name)),
    ),
  )
}

describe("PEFT's adapters, loaded and merged", () => {
  it.each([
    ['lora', 4, 'q_proj, v_proj'],
    ['rslora', 8, 'alpha / sqrt(r)'],
    ['lora-patterns', 8, 'rank_pattern and alpha_pattern'],
    ['pissa', 14, 'on its residual'],
  ])('%s: %i weights (%s)', async (name, count) => {
    const loaded = right(await loadAdapter(folder(name), llama)())
    expect(loaded.paths).toHaveLength(count)
    const expected = fixtureTensors(`adapters/${name}/expected.safetensors`)
    expect(mergeError(loaded.params, llama, expected)).toBeLessThan(1e-6)
  })

  it('pissa converted: rank 2r on the original weights', async () => {
    const loaded = right(await loadAdapter(folder('pissa/converted'), llama)())
    expect(loaded.config.r).toBe(8)
    expect(mergeError(loaded.params, llama, fixtureTensors('adapters/pissa/expected.safetensors'))).toBeLessThan(2e-6)
    expect(byName(withoutAdapters(loaded.params))).toEqual(byName(llama))
  })

  it('pissa as declared: the residual follows from the original weights', async () => {
    const own = temporary()
    cpSync(join(folder('pissa'), 'adapter_model.safetensors'), join(own, 'adapter_model.safetensors'))
    cpSync(join(folder('pissa/as_declared'), 'adapter_config.json'), join(own, 'adapter_config.json'))
    const loaded = right(await loadAdapter(own, llama)())
    expect(mergeError(loaded.params, llama, fixtureTensors('adapters/pissa/expected.safetensors'))).toBeLessThan(2e-5) // PEFT decomposes in f32
  })
})

describe('PiSSA starts as PEFT does', () => {
  const init = fixtureTensors('adapters/pissa/init/adapter_model.safetensors')
  const residual = fixtureTensors('adapters/pissa/residual.safetensors')
  const { params, paths } = adapt(llama, (path) => /_proj\.weight$/.test(path), pissa({ rank: 4, alpha: 8 }))

  it('A and B are the same, but for a sign per rank', () => {
    expect(paths).toHaveLength(14)
    const ours = byName(params)
    for (const path of paths) {
      const name = dottedName(path)
      const module = name.replace(/\.weight$/, '')
      const [a, b] = [need(ours, `${name}.a`), need(ours, `${name}.b`)]
      const [theirA, theirB] = [
        need(init, `base_model.model.${module}.lora_A.weight`),
        need(init, `base_model.model.${module}.lora_B.weight`),
      ]
      const signs = signsOf(a, theirA)
      expect(scaledError(mul(a, signs.rows), theirA)).toBeLessThan(2e-5)
      expect(scaledError(mul(b, signs.columns), theirB)).toBeLessThan(2e-5)
    }
  })

  it('what is under them is the residual', async () => {
    const own = temporary()
    right(await saveAdapter(own, params, { form: 'residual' })())
    const saved = right(await loadAdapter(own, llama)())
    for (const [name, weight] of byName(withoutAdapters(saved.params))) {
      const expected = residual.get(name)
      if (expected !== undefined) expect(scaledError(weight, expected)).toBeLessThan(2e-5)
    }
  })

  it('as a model it is the original one, exactly so without the adapter', () => {
    expect(mergeError(params, llama, new Map())).toBeLessThan(3e-7)
    expect(byName(withoutAdapters(params))).toEqual(byName(llama))
  })
})

/** The sign of each rank that aligns our A [r, in] with theirs. */
const signsOf = (ours: Tensor, theirs: Tensor): { readonly rows: HostTensor; readonly columns: HostTensor } => {
  const [r = 0, inner = 0] = ours.shape
  const signs = Array.from({ length: r }, (_, i) => {
    let dot = 0
    for (let j = 0; j < inner; j++) dot += (ours.data[i * inner + j] ?? 0) * (theirs.data[i * inner + j] ?? 0)
    return Math.sign(dot)
  })
  return { rows: array(signs.map((s) => [s])), columns: array([signs]) }
}

describe('a classifier trained whole', () => {
  const expected = fixtureTensors('adapters/lora-bert-classifier/expected.safetensors')
  const inputs = {
    inputIds: need(expected, 'input_ids'),
    attentionMask: need(expected, 'attention_mask'),
    tokenTypeIds: need(expected, 'token_type_ids'),
  }

  it('is loaded with the adapter: logits, loss, gradients, merged weights', async () => {
    const loaded = right(await loadAdapter(folder('lora-bert-classifier'), bert.params)())
    expect(loaded.replaced).toEqual(['classifier.bias', 'classifier.weight'])
    expect(loaded.paths).toHaveLength(4)
    expect(mergeError(loaded.params, bert.params, expected)).toBeLessThan(1e-6)
    const { logits } = bertClassify(bert.config, loaded.params, inputs)
    expect(scaledError(logits, need(expected, 'logits'))).toBeLessThan(2e-5)

    const [trained, frozen] = partition(
      loaded.params,
      trainable(loaded.params, (path) => path.startsWith('classifier.')),
    )
    expect(parameterCount(trained)).toBe(1123)
    const slope = grad((part: typeof trained) =>
      classificationLoss(
        bert.config,
        bertClassify(bert.config, combine<typeof loaded.params>(part, frozen), inputs).logits,
        need(expected, 'labels'),
      ),
    )(trained)
    for (const [path, gradient] of treeEntries(slope)) {
      const name = dottedName(path)
        .replace(/weight\.a$/, 'lora_A.weight')
        .replace(/weight\.b$/, 'lora_B.weight')
      expect(scaledError(gradient, need(expected, `grad.base_model.model.${name}`))).toBeLessThan(1e-4)
    }
  })
})

describe('saved and loaded again', () => {
  const isAdapted = (path: string): boolean => /\.(query|value)\.weight$/.test(path)
  const starts = {
    lora: lora({ rank: 3, alpha: 5, key: key(1) }),
    pissa: pissa({ rank: 3, alpha: 5 }),
  }
  /** As if trained a little. */
  const moved = (params: typeof bert.params): typeof bert.params => {
    const [trained, frozen] = partition(
      params,
      trainable(params, (path) => path.startsWith('classifier.')),
    )
    return combine(
      treeMap((x) => add(mul(x, 0.9), 0.01), trained),
      frozen,
    )
  }

  it.each([
    ['lora', 'converted', 3],
    ['pissa', 'converted', 6],
    ['lora', 'residual', 3],
    ['pissa', 'residual', 3],
  ] as const)('%s, %s: the same model', async (start, form, rank) => {
    const params = moved(adapt(bert.params, isAdapted, starts[start]).params)
    const own = temporary()
    right(await saveAdapter(own, params, { form, modulesToSave: ['classifier'], taskType: 'SEQ_CLS' })())
    const config: unknown = JSON.parse(readFileSync(join(own, 'adapter_config.json'), 'utf8'))
    expect(config).toMatchObject({
      peft_type: 'LORA',
      r: rank,
      lora_alpha: (5 * rank) / 3,
      target_modules: ['query', 'value'],
      modules_to_save: ['classifier'],
      task_type: 'SEQ_CLS',
    })
    const loaded = right(await loadAdapter(own, bert.params)())
    expect(mergeError(loaded.params, params, asMerged(merge(params)))).toBeLessThan(5e-7)
    const keys = [...fileTensors(join(own, 'adapter_model.safetensors')).keys()].sort()
    expect(keys).toEqual([...fixtureTensors('adapters/lora-bert-classifier/adapter_model.safetensors').keys()].sort())
  })

  it('another form over it leaves nothing of the first', async () => {
    const params = moved(adapt(bert.params, isAdapted, starts.pissa).params)
    const own = temporary()
    right(await saveAdapter(own, params, { form: 'residual' })())
    expect(readdirSync(own).sort()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'residual.safetensors',
    ])
    right(await saveAdapter(own, params)())
    expect(readdirSync(own).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors'])
  })

  it('ranks that differ are written as patterns', async () => {
    const first = adapt(bert.params, (path) => path.endsWith('query.weight'), pissa({ rank: 2, alpha: 2 })).params
    const both = adapt(first, (path) => path.endsWith('layer[0].attention.self.value.weight'), starts.lora).params
    const own = temporary()
    right(await saveAdapter(own, both)())
    const config: unknown = JSON.parse(readFileSync(join(own, 'adapter_config.json'), 'utf8'))
    const value = 'bert.encoder.layer.0.attention.self.value'
    expect(config).toMatchObject({
      r: 4,
      rank_pattern: { [value]: 3 },
      alpha_pattern: { [value]: 5 },
      target_modules: [value, 'query'],
    })
    const loaded = right(await loadAdapter(own, bert.params)())
    expect(mergeError(loaded.params, both, asMerged(merge(both)))).toBeLessThan(5e-7)
  })
})

describe('what would give other numbers is refused by name', () => {
  it.each([
    ['dora', 'use_dora: expected nothing: it is not supported, received true'],
    ['lora-gpt2', 'fan_in_fan_out: expected nothing'],
    ['lora-bert-bias-all', 'bias: expected "none", received "all"'],
    ['pissa-niter-config', 'init_lora_weights: expected true, false, "gaussian" or "pissa", received "pissa_niter_16"'],
    ['loha', 'received "LOHA"'],
    ['ia3', 'received "IA3"'],
    ['adalora', 'received "ADALORA"'],
  ])('%s', async (name, message) => {
    expect(await faultOf(folder(name))).toContain(message)
  })

  const changed = (change: (config: Record<string, unknown>) => void): string => {
    const own = temporary()
    cpSync(folder('lora'), own, { recursive: true })
    const config: Record<string, unknown> = JSON.parse(readFileSync(join(own, 'adapter_config.json'), 'utf8'))
    change(config)
    writeFileSync(join(own, 'adapter_config.json'), JSON.stringify(config))
    return own
  }

  it.each([
    ['a field of a later PEFT', { use_better_lora: true }, 'use_better_lora: expected nothing: it is not supported'],
    ['a regular expression', { rank_pattern: { 'q_.*': 2 } }, 'the regular expression "q_.*"'],
    ['another rank', { r: 5 }, 'lora_A.weight must be f32[5,32]'],
    ['targets without weights', { target_modules: ['q_proj', 'v_proj', 'k_proj'] }, 'layers.0.self_attn.k_proj.lora_A'],
  ])('%s', async (_, fields, message) => {
    expect(await faultOf(changed((config) => Object.assign(config, fields)))).toContain(message)
  })

  it('an adapter of another model', async () => {
    const result = await loadAdapter(folder('lora-bert-classifier'), llama)()
    expect(E.isLeft(result) ? result.left.message : '').toContain('the base model must have the parameter it adapts')
  })

  it('a second adapter on the same weights', async () => {
    const once = right(await loadAdapter(folder('lora'), llama)())
    const result = await loadAdapter(folder('lora'), once.params)()
    expect(E.isLeft(result) ? result.left.message : '').toContain('its weight must have no adapter yet')
  })

  const faultOf = async (path: string): Promise<string> => {
    const result = await loadAdapter(path, llama)()
    return E.isLeft(result) ? result.left.message : 'loaded'
  }
})
