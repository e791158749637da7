import { type NluInput, taskObjective, term, weighted, weightsAt } from '@cotangent/ba-lora'
import { mean } from '@cotangent/core'
import { E } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { chosenMethods, knownMethods, methodFromModule, methodNames, type StudyMethod } from './methods.js'
import { defaultSettings, withSettings } from './settings.js'

const mine = weighted(0.5)(term('mine', ({ student }: NluInput) => mean(student)))
const objective = [...taskObjective, ...mine]

const methodOf = (module: unknown, path = 'folder/own-loss.mjs'): StudyMethod => {
  const made = methodFromModule(module, path)
  if (E.isLeft(made)) throw new Error(made.left.message)
  return made.right
}

const messageOf = (made: E.Either<{ readonly message: string }, unknown>): string =>
  E.isLeft(made) ? made.left.message : 'not refused'

/** Weights of a method's terms at the start, by name. */
const weights = (method: StudyMethod, lambda: number): Readonly<Record<string, number>> => {
  const terms = method.objective(lambda)
  const values = weightsAt(terms, 0).data
  return Object.fromEntries(terms.map(({ name }, i) => [name, values[i] ?? Number.NaN]))
}

describe('methodFromModule', () => {
  it('takes name, label and description from the file where the module has none; PiSSA is the adapter', () => {
    const { name, label, description, adapter, regularised } = methodOf({ default: objective })
    expect({ name, label, description, adapter, regularised }).toEqual({
      name: 'own-loss',
      label: 'own-loss',
      description: 'The objective of own-loss.mjs.',
      adapter: 'pissa',
      regularised: true,
    })
  })

  it('takes what the module says', () => {
    const said = { name: 'calm', label: 'Calm', description: 'One sentence.', adapter: 'lora' }
    expect(methodOf({ ...said, default: objective })).toMatchObject(said)
  })

  it('scales every term but the task by the factor that tuning tries', () => {
    expect(weights(methodOf({ default: objective }), 1)).toEqual({ task: 1, mine: 0.5 })
    expect(weights(methodOf({ default: objective }), 4)).toEqual({ task: 1, mine: 2 })
  })

  it('has nothing to tune but the rate where the task is all there is', () => {
    expect(methodOf({ default: taskObjective }).regularised).toBe(false)
  })

  it.each([
    ['no module', 7, 'must be a module'],
    ['no default export', {}, 'must be an objective'],
    ['an empty list', { default: [] }, 'a list of 0'],
    ['something else in the list', { default: [...objective, 3] }, 'a list of 3 with something else in it'],
    ['a term without a loss', { default: [{ name: 'x', weight: () => 1 }] }, 'must be an objective'],
    ['a name twice', { default: [...mine, ...mine] }, '"mine" twice'],
    ['an unknown adapter', { default: objective, adapter: 'pisa' }, 'pissa'],
    ['a name that is taken', { default: objective, name: 'lora' }, '"lora"'],
  ])('refuses %s, names the file and says what to do', (_, module, said) => {
    const message = messageOf(methodFromModule(module, 'folder/own-loss.mjs'))
    expect(message).toContain(said)
    for (const part of ['folder/own-loss.mjs', 'received', 'to do']) expect(message).toContain(part)
  })
})

describe('chosenMethods', () => {
  const choose = (methods: readonly string[], own: readonly StudyMethod[] = []) =>
    chosenMethods(withSettings(defaultSettings, { methods }), own)

  it('keeps the order of the settings; own methods follow', () => {
    const own = methodOf({ default: objective })
    const chosen = choose(['pissa', 'full'], [own])
    expect(E.isRight(chosen) && chosen.right.map(({ name }) => name)).toEqual(['pissa', 'full', 'own-loss'])
  })

  it('knows the methods that it names', () => {
    expect([...knownMethods(defaultSettings).keys()]).toEqual(methodNames)
  })

  it('refuses an unknown name with those that are known, and a name twice', () => {
    expect(messageOf(choose(['lora', 'balora']))).toContain('ba-lora')
    expect(messageOf(choose(['lora', 'lora']))).toContain('"lora" twice')
  })

  it("multiplies BA-LoRA's regularisers, not its task, by the factor", () => {
    const baLora = knownMethods(defaultSettings).get('ba-lora')
    const at = (lambda: number) => Object.values(baLora === undefined ? {} : weights(baLora, lambda))
    const [task, ...others] = at(1)
    const [taskTwice, ...othersTwice] = at(2)
    expect([task, taskTwice]).toEqual([1, 1])
    expect(others).toHaveLength(3)
    expect(othersTwice).toEqual(others.map((weight) => 2 * weight))
  })
})
