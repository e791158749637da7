import { adapt, baLora, type Evaluation, evaluate, lora, type NluInput, trainable, weightsAt } from '@cotangent/ba-lora'
import {
  compile,
  type Engine,
  foldIn,
  key,
  mul,
  normal,
  type Path,
  type Tensor,
  tensor,
  treeEntries,
  treeMap,
  valueAndGradAux,
} from '@cotangent/core'
import { ownCopy } from '@cotangent/experiment'
import { combine, partition, withoutAdapters } from '@cotangent/nn'
import { adamw, applyUpdates, chain, clipByGlobalNorm } from '@cotangent/optim'
import { type BertClassifierParams, bertClassify, bertConfig, initBert } from '@cotangent/transformer'

/** Sizes of a step; `pytorch/step.py` takes the same record. */
export interface StepShape {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly batch: number
  readonly length: number
  readonly vocabulary: number
}

const classes = 9

/**
 * Everything of a training step in one function: student with adapters of rank 8 on query and value, teacher (the same
 * weights without them, and the head's first copy; not cached), cross-entropy, the three regularisers, backward, clipping to
 * norm 1, AdamW with decay.
 *
 * @returns the function, and a step's arguments, of which the first two are replaced by its results
 */
export const trainingStep = (shape: StepShape) => {
  const { layers, width, heads, batch, length, vocabulary } = shape
  const config = bertConfig({
    vocab_size: vocabulary,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: 4 * width,
    max_position_embeddings: length,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    id2label: Object.fromEntries(Array.from({ length: classes }, (_, i) => [String(i), `class ${i}`])),
  })
  const original = initBert(key(0), config, 'classify')
  const adapted = adapt(
    original,
    (path) => /attention\.self\.(query|value)\.weight$/.test(path),
    lora({ rank: 8, alpha: 8, key: key(1) }),
  ).params
  // B = 0 would leave half of the gradients 0
  const started = treeMapNamed(adapted, (path, x, index) =>
    path.endsWith('.b') ? mul(normal(foldIn(key(2), index), x.shape), 0.01) : x,
  )
  const [trained, frozen] = partition(
    started,
    trainable(started, (path) => path.startsWith('classifier.')),
  )
  const objective = baLora({ lambda1: 0.1, lambda2: 0.01, lambda3: 0.01, k: 3 })
  const total = evaluate(objective)
  const optimizer = chain(clipByGlobalNorm(1), adamw({ learningRate: 1e-4, weightDecay: 0.01 }))
  const step = (
    params: typeof trained,
    state: ReturnType<typeof optimizer.init>,
    rest: typeof frozen,
    head: BertClassifierParams['classifier'],
    inputs: { readonly inputIds: Tensor; readonly attentionMask: Tensor },
    labels: Tensor,
    weights: Tensor,
  ) => {
    const loss = (some: typeof trained): readonly [Tensor, Evaluation] => {
      const whole = combine<BertClassifierParams>(some, rest)
      // border: the original tree, since every adapter is left out
      const teacher = { ...(withoutAdapters(whole) as BertClassifierParams), classifier: head }
      const input: NluInput = {
        student: bertClassify(config, whole, inputs).logits,
        teacher: bertClassify(config, teacher, inputs).logits,
        labels,
        mask: null,
      }
      const evaluation = total(input, weights)
      return [evaluation.total, evaluation]
    }
    const [[value], gradients] = valueAndGradAux(loss)(params)
    const [updates, next] = optimizer.update(gradients, state, params)
    return { params: applyUpdates(params, updates), state: next, value }
  }
  const ids = Int32Array.from({ length: batch * length }, (_, i) => 5 + ((i * 7919) % (vocabulary - 5)))
  const attention = Int32Array.from({ length: batch * length }, (_, i) => Number(i % length < length - length / 8))
  const args: Parameters<typeof step> = [
    ownCopy(trained),
    ownCopy(optimizer.init(trained)),
    frozen,
    original.classifier,
    { inputIds: tensor(ids, [batch, length]), attentionMask: tensor(attention, [batch, length]) },
    tensor(Int32Array.from({ length: batch }, (_, i) => i % classes)),
    weightsAt(objective, 0.5),
  ]
  return { step, args }
}

/** One BA-LoRA step of a BERT encoder: run it, and what it costs. */
export interface BenchStep {
  /** Runs the step so many times; gives the last loss. */
  readonly run: (steps: number) => Promise<number>
  /** Floating-point operations of one step, counted from shapes. */
  readonly flop: () => number
  /** Programs that the step became: 1 where nothing was split. */
  readonly programs: () => number
}

/** The step of `trainingStep` on an engine. */
export const makeStep = (shape: StepShape, engine: Engine): BenchStep => {
  const { step, args } = trainingStep(shape)
  let [flop, programs] = [0, 0]
  const compiled = compile(step, engine, {
    donate: [0, 1],
    onCompile: (event) => {
      flop = event.flops
      programs = event.programs
    },
  })
  let [params, state, ...rest] = args
  return {
    flop: () => flop,
    programs: () => programs,
    run: async (steps) => {
      let last = Number.NaN
      for (let i = 0; i < steps; i++) {
        const result = await compiled(params, state, ...rest)
        params = result.params
        state = result.state
        last = result.value.item()
      }
      return last
    },
  }
}

const treeMapNamed = <T>(tree: T, f: (path: Path, x: Tensor, index: number) => Tensor): T => {
  const paths = treeEntries(tree).map(([path]) => path)
  let next = 0
  return treeMap((x) => f(paths[next] ?? '', x, next++), tree)
}
