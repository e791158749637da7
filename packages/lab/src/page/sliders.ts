import { type Weights, weightNames } from '../settings.js'
import { element } from './elements.js'
import { positionOf, weightAt } from './weightScale.js'

/** The three weights as sliders. */
export interface Sliders {
  readonly weights: () => Weights
  readonly set: (weights: Weights) => void
  readonly onChange: (changed: () => void) => void
}

const sliderOf = (name: keyof Weights) => {
  const input = element(`weight-${name}`, HTMLInputElement)
  const output = element(`value-${name}`, HTMLOutputElement)
  const show = (): void => {
    const text = String(weightAt(input.valueAsNumber))
    output.value = text
    input.setAttribute('aria-valuetext', text)
  }
  input.addEventListener('input', show)
  return {
    input,
    weight: () => weightAt(input.valueAsNumber),
    set: (weight: number) => {
      input.valueAsNumber = positionOf(weight)
      show()
    },
  }
}

export const makeSliders = (): Sliders => {
  const sliders = {
    consistency: sliderOf('consistency'),
    diversity: sliderOf('diversity'),
    spectral: sliderOf('spectral'),
  }
  return {
    weights: () => ({
      consistency: sliders.consistency.weight(),
      diversity: sliders.diversity.weight(),
      spectral: sliders.spectral.weight(),
    }),
    set: (weights) => {
      for (const name of weightNames) sliders[name].set(weights[name])
    },
    onChange: (changed) => {
      for (const name of weightNames) sliders[name].input.addEventListener('input', changed)
    },
  }
}
