import { arrangement } from './arrangement.js'
import { control } from './control.js'
import { linearAlgebra } from './linearAlgebra.js'
import { operations } from './operations.js'
import { tensors } from './tensors.js'
import { transforms } from './transforms.js'
import type { WrongPrograms } from './wrongProgram.js'

/** A program for every mistake that core refuses. */
export const wrongPrograms: WrongPrograms = {
  ...tensors,
  ...arrangement,
  ...operations,
  ...linearAlgebra,
  ...transforms,
  ...control,
}
