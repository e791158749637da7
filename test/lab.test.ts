/* The lab without a browser: its step against the study's, its session on engine-gpu, its file, its server. */
import { taskObjective, weightsAt } from '@cotangent/ba-lora'
import { array, compile, makeIR, prepareIR, referenceEngine, scalar, tensor, treeEntries } from '@cotangent/core'
import {
  type AdapterKind,
  fineTuningStart,
  fineTuningStep,
  knownMethods,
  type StudyMethod,
} from '@cotangent/experiment'
import { combine } from '@cotangent/nn'
import { warmupConstant } from '@cotangent/optim'
import { E } from '@cotangent/prelude'
import { bertClassify } from '@cotangent/transformer'
import { describe, expect, test } from 'vitest'
import { decodeLab, type LabData } from '../packages/lab/src/labFile.js'
import type { Command, LabEvent, Ready, Stepped } from '../packages/lab/src/protocol.js'
import { encodeLab } from '../packages/lab/src/server/encodeLab.js'
import { termNames, type Weights, warmupSteps } from '../packages/lab/src/settings.js'
import { batchesOf } from '../packages/lab/src/worker/batches.js'
import { labObjective, labStep } from '../packages/lab/src/worker/labStep.js'
import { makeSession } from '../packages/lab/src/worker/session.js'
import { right } from './support/fixtures.js'
import { smallLab, smallSettings } from './support/smallLab.js'

const methodOf = (name: string): StudyMethod => {
  const method = knownMethods(smallSettings).get(name)
  if (method === undefined) throw new Error(name)
  return method
}

const { config, mails, model } = smallLab
const batchAt = batchesOf(mails, smallSettings)
const hyperOf = (weights: readonly number[]) => ({ rate: scalar(0.01), weights: array(weights), key: null })
const startOf = (adapter: AdapterKind) => fineTuningStart({ adapter }, config, smallSettings, model, 0)

// ---------------------------------------------------------------- the step

describe('the step of the lab', () => {
  const { step, optimizer } = labStep(config, smallSettings)
  const engine = referenceEngine()

  test('its terms are those that the page names', () => {
    const names = labObjective(smallSettings).map(({ name }) => name)
    expect(['total', ...names, 'gradient']).toEqual(termNames)
  })

  test.each(['full', 'lora', 'pissa'] as const)(
    'at weights of 0 it is the study’s step of %s, which has no regulariser',
    async (adapter) => {
      const [trainable, rest] = startOf(adapter)
      const frozen = { params: rest, teacher: null }
      const schedule = warmupConstant({ peak: 1, warmupSteps })
      const study = fineTuningStep(taskObjective, config, smallSettings, schedule)
      // the rate is 0 at the first step: the second one moves
      const twice = async <S>(
        call: (params: unknown, state: S, i: number) => Promise<{ readonly trainable: unknown; readonly state: S }>,
        state: S,
      ) => {
        const first = await call(trainable, state, 0)
        return call(first.trainable, first.state, 1)
      }
      const [ours, theirs] = [compile(step, engine), compile(study.step, engine)]
      const mine = await twice(
        (params, state, i) => ours(params, state, frozen, batchAt(i), hyperOf([1, 0, 0, 0])),
        optimizer.init(trainable),
      )
      const its = await twice(
        (params, state, i) => theirs(params, state, frozen, batchAt(i), hyperOf([1])),
        study.optimizer.init(trainable),
      )
      const before = new Map(treeEntries(trainable).map(([path, leaf]) => [path, Array.from(leaf.data)]))
      const theirsAt = new Map(treeEntries(its.trainable).map(([path, leaf]) => [path, Array.from(leaf.data)]))
      let moved = 0
      for (const [path, leaf] of treeEntries(mine.trainable)) {
        expect(Array.from(leaf.data), path).toEqual(theirsAt.get(path))
        if (String(Array.from(leaf.data)) !== String(before.get(path))) moved++
      }
      expect(moved).toBeGreaterThan(2)
    },
  )

  test('the logits are those of the parameters before the step, and the readings belong to them', async () => {
    const [trainable, rest] = startOf('pissa')
    const batch = batchAt(0)
    const weights = [1, 0.5, 0.25, 0.125]
    const { logits, readings } = await compile(step, engine)(
      trainable,
      optimizer.init(trainable),
      { params: rest, teacher: null },
      batch,
      hyperOf(weights),
    )
    // border: `combine` gives back the tree of parameters
    const whole = combine(trainable, rest) as Parameters<typeof bertClassify>[1]
    const expected = bertClassify(config, whole, batch, { key: null }).logits
    for (const [i, x] of logits.data.entries()) expect(x).toBeCloseTo(Number(expected.data[i]), 5)
    const [total, ...terms] = Array.from(readings.data).slice(0, -1)
    expect(total).toBeCloseTo(
      terms.reduce((sum, x, i) => sum + x * (weights[i] ?? 0), 0),
      5,
    )
    const input = { student: expected, teacher: batch.teacher, labels: batch.labels, mask: batch.mask }
    for (const [i, { loss }] of labObjective(smallSettings).entries())
      expect(terms[i]).toBeCloseTo(loss(input).item(), 5)
  })

  test('the forward pass that the page looks at is computed once', () => {
    const [trainable, rest] = startOf('pissa')
    const args = [trainable, optimizer.init(trainable), { params: rest, teacher: null }, batchAt(0)] as const
    const schedule = warmupConstant({ peak: 1, warmupSteps })
    const study = fineTuningStep(labObjective(smallSettings), config, smallSettings, schedule)
    const equations = (f: (...all: never[]) => unknown): number =>
      prepareIR(makeIR(f)(...([...args, hyperOf([1, 1, 1, 1])] as never[])), () => true).equations.length
    const shown = equations(step) - equations(study.step)
    const forward = prepareIR(
      makeIR((params: unknown) => study.forward(params, null, batchAt(0)).student)(combine(trainable, rest)),
      () => true,
    ).equations.length
    // six readings put into one vector, each a reshape or two; not the encoder again
    expect(shown).toBeLessThanOrEqual(2 * termNames.length + 2)
    expect(forward).toBeGreaterThan(3 * termNames.length)
  })
})

describe('the batches of the lab', () => {
  const idsAt = (step: number): string => String(batchAt(step).inputIds.data)

  test('an epoch has every mail once', () => {
    const rows = [0, 1, 2].flatMap((step) => {
      const { inputIds } = batchAt(step)
      const [n = 0, width = 0] = inputIds.shape
      return Array.from({ length: n }, (_, i) => String(inputIds.data.slice(i * width, (i + 1) * width)))
    })
    const all = Array.from({ length: 12 }, (_, i) => String(mails.inputIds.data.slice(6 * i, 6 * i + 6)))
    expect(rows.toSorted()).toEqual(all.toSorted())
  })

  test('a step is the same whichever came before, and epochs differ', () => {
    const inOrder = Array.from({ length: 9 }, (_, i) => idsAt(i))
    expect([8, 3, 0, 5].map(idsAt)).toEqual([8, 3, 0, 5].map((i) => inOrder[i]))
    expect(inOrder.slice(0, 3)).not.toEqual(inOrder.slice(3, 6))
  })

  test('labels and the teacher’s answers are those of the mails', () => {
    const { inputIds, labels, teacher } = batchAt(4)
    for (let row = 0; row < 4; row++) {
      const own = String(inputIds.data.slice(6 * row, 6 * row + 6))
      const at = Array.from({ length: 12 }, (_, i) => i).find(
        (i) => String(mails.inputIds.data.slice(6 * i, 6 * i + 6)) === own,
      )
      if (at === undefined) throw new Error('no such mail')
      expect(labels.data[row]).toBe(mails.labels.data[at])
      expect(teacher.data.slice(9 * row, 9 * row + 9)).toEqual(mails.teacher.data.slice(9 * at, 9 * at + 9))
    }
  })
})

// ---------------------------------------------------------------- the session

const none: Weights = { consistency: 0, diversity: 0, spectral: 0 }

/** A session whose events can be waited for. */
const talk = () => {
  const events: LabEvent[] = []
  let wake = (): void => {}
  const send = makeSession(smallLab, (event) => {
    events.push(event)
    wake()
  })
  let seen = 0
  /** The next event of a kind, after those already asked for. */
  const next = async <T extends LabEvent['_tag']>(tag: T): Promise<Extract<LabEvent, { readonly _tag: T }>> => {
    for (;;) {
      while (seen < events.length) {
        const event = events[seen++]
        if (event?._tag === tag) return event as Extract<LabEvent, { readonly _tag: T }> // border: its tag was looked at
        if (event?._tag === 'Failed') throw new Error(event.message)
      }
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const ask = async <T extends LabEvent['_tag']>(command: Command, tag: T) => {
    send(command)
    return next(tag)
  }
  return { events, send, next, ask }
}

const open = (method: string, weights = none): Command => ({ _tag: 'Open', method, mode: 'cpu', weights })
const losses = ({ readings }: Stepped): readonly number[] => termNames.map((name) => readings[name])

describe('a session on engine-gpu', { timeout: 60_000 }, () => {
  test('weights that move make no new program, and count at once', async () => {
    const { ask, send } = talk()
    const ready: Ready = await ask(open('ba-lora'), 'Ready')
    expect(ready).toMatchObject({ method: 'ba-lora', mode: 'cpu', software: true, steps: 0, running: false })
    for (const weight of [0, 0.5, 3, 0.01]) {
      const weights = { consistency: weight, diversity: 2 * weight, spectral: 3 * weight }
      send({ _tag: 'Weigh', weights })
      const { readings, compilations, weights: used } = await ask({ _tag: 'Step' }, 'Stepped')
      expect(used).toEqual(weights)
      expect(compilations).toBe(1)
      const { total, task, consistency, diversity, spectral } = readings
      expect(total).toBeCloseTo(task + weight * (consistency + 2 * diversity + 3 * spectral), 4)
    }
  })

  test('the spectrum is that of the logits: its squares add up, the teacher’s to what its mails have', async () => {
    const { ask } = talk()
    await ask(open('full'), 'Ready')
    const { spectrum, teacher } = await ask({ _tag: 'Step' }, 'Stepped')
    expect(spectrum).toEqual(spectrum.toSorted((a, b) => b - a))
    const squares = (values: Iterable<number>): number => Array.from(values).reduce((sum, x) => sum + x * x, 0)
    expect(squares(teacher)).toBeCloseTo(squares(batchAt(0).teacher.data as Float32Array), 3) // border: it is f32
    expect(spectrum).toHaveLength(4) // the smaller side of [4, 9]
  })

  test('reset leads to the very start', async () => {
    const { ask, events } = talk()
    await ask(open('lora'), 'Ready')
    const first = [await ask({ _tag: 'Step' }, 'Stepped'), await ask({ _tag: 'Step' }, 'Stepped')].map(losses)
    expect((await ask({ _tag: 'Reset' }, 'Ready')).steps).toBe(0)
    const again = [await ask({ _tag: 'Step' }, 'Stepped'), await ask({ _tag: 'Step' }, 'Stepped')].map(losses)
    expect(again).toEqual(first)
    expect(events.flatMap((event) => (event._tag === 'Stepped' ? [event.compilations] : []))).toEqual([1, 1, 1, 1])
  })

  test('in another mode it goes on where it is; where that does not start, the training is kept', async () => {
    const { ask } = talk()
    await ask(open('pissa'), 'Ready')
    const straight = []
    for (let i = 0; i < 4; i++) straight.push(losses(await ask({ _tag: 'Step' }, 'Stepped')))

    const other = talk()
    await other.ask(open('pissa'), 'Ready')
    const parts = [losses(await other.ask({ _tag: 'Step' }, 'Stepped'))]
    expect((await other.ask({ _tag: 'ChangeMode', mode: 'webasm' }, 'Ready')).steps).toBe(1)
    parts.push(losses(await other.ask({ _tag: 'Step' }, 'Stepped')))
    // Node has no WebGL2
    const failed = await other.ask({ _tag: 'ChangeMode', mode: 'webgl2' }, 'Failed')
    expect(failed.usable).toBe(false)
    expect(failed.message).toMatch(/webgl2[\s\S]*received[\s\S]*to do[\s\S]*The training is kept/)
    expect(await other.ask({ _tag: 'ChangeMode', mode: 'cpu' }, 'Ready')).toMatchObject({ steps: 2, mode: 'cpu' })
    for (let i = 0; i < 2; i++) parts.push(losses(await other.ask({ _tag: 'Step' }, 'Stepped')))

    for (const [i, step] of straight.entries()) {
      for (const [j, x] of step.entries()) expect(parts[i]?.[j], `step ${i}, ${termNames[j]}`).toBeCloseTo(x, 4)
    }
  })

  test('it runs until it is paused; a command in between is heard', async () => {
    const { ask, send, next, events } = talk()
    await ask(open('lora'), 'Ready')
    await ask({ _tag: 'Run' }, 'Running')
    while ((await next('Stepped')).steps < 3);
    send({ _tag: 'Weigh', weights: { ...none, diversity: 1 } })
    while ((await next('Stepped')).weights.diversity !== 1);
    await ask({ _tag: 'Pause' }, 'Paused')
    await new Promise((resolve) => setTimeout(resolve, 300))
    const { length } = events
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(events).toHaveLength(length)
  })

  test('a loss that is not finite pauses it, and says which term', async () => {
    const { ask, next, send } = talk()
    await ask(open('ba-lora'), 'Ready')
    send({ _tag: 'Weigh', weights: { ...none, diversity: 1e39 } })
    await ask({ _tag: 'Step' }, 'Stepped')
    const { message, usable } = await next('Failed')
    expect(message).toMatch(/must be finite numbers[\s\S]*received {2}total (Infinity|NaN) at step 1[\s\S]*to do/)
    expect(usable).toBe(true)
    await ask({ _tag: 'Reset' }, 'Ready')
  })
})

// ---------------------------------------------------------------- the file

describe('the file of the lab', () => {
  const bytesOf = async (data: LabData): Promise<Uint8Array> => right(await encodeLab(data)())

  test('what is read is what was written', async () => {
    const found = right(decodeLab(await bytesOf(smallLab), smallSettings))
    expect(found.config).toEqual(config)
    const written = treeEntries({ model, mails })
    const read = new Map(treeEntries({ model: found.model, mails: found.mails }))
    expect(read.size).toBe(written.length)
    for (const [path, leaf] of written) {
      expect(read.get(path)?.shape, path).toEqual(leaf.shape)
      expect(read.get(path)?.data, path).toEqual(leaf.data)
    }
  })

  test('what these settings do not ask for is refused, by name', async () => {
    const bytes = await bytesOf({ ...smallLab, mails: { ...mails, labels: tensor(new Int32Array(11), [11]) } })
    const refused = decodeLab(bytes, smallSettings)
    expect(E.isLeft(refused) && refused.left.message).toMatch(/mails\.labels i32\[12\][\s\S]*mails\.labels i32\[11\]/)
    const cut = decodeLab(bytes.subarray(0, 1000), smallSettings)
    expect(E.isLeft(cut)).toBe(true)
  })

  test('weights of the study’s objective at the start are those of the sliders', () => {
    const byName = labObjective(smallSettings).map(({ name }) => name)
    expect(byName).toEqual(['task', 'consistency', 'diversity', 'spectral'])
    expect(weightsAt(methodOf('pissa').objective(1), 0).data).toEqual(new Float32Array([1]))
  })
})
