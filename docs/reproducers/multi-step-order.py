"""multi-step-order: paddle >=2.6.2, <3.4. Promised: The rate is multiplied by gamma at every milestone, as often as
the milestone is named. Instead: MultiStepDecay refuses milestones that do not increase; torch's MultiStepLR takes
them in any order, and one that is named twice counts twice."""
import paddle

try:
    paddle.optimizer.lr.MultiStepDecay(0.1, milestones=[4, 2])
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
