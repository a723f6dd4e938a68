"""Groups with keys of the other framework, states that another class loads, and averages that are saved."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, integers, seeds
from suites.support.optimizer_runs import CLASSES

AREA = "public state"
VALUES = {
    "lr": 0.01,
    "learning_rate": 0.25,
    "betas": (0.5, 0.5),
    "beta1": 0.5,
    "eps": 1.0,
    "epsilon": 1.0,
    "alpha": 0.5,
    "rho": 0.5,
    "momentum": 0.5,
    "weight_decay": 0.5,
}
"""Keys of groups in either framework, each with a value that changes the steps where it is heeded."""
IN_BOTH = {"weight_decay"}
TORCH = {
    "sgd": {"lr", "momentum"},
    "momentum": {"lr", "momentum"},
    "adam": {"lr", "betas", "eps"},
    "adamw": {"lr", "betas", "eps"},
    "adamax": {"lr", "betas", "eps"},
    "adagrad": {"lr", "eps"},
    "adadelta": {"lr", "eps", "rho"},
    "rmsprop": {"lr", "eps", "alpha", "momentum"},
}
PADDLE = {
    "sgd": {"learning_rate"},
    "momentum": {"learning_rate", "momentum"},
    "adam": {"learning_rate", "beta1", "epsilon"},
    "adamw": {"learning_rate", "beta1", "epsilon"},
    "adamax": {"learning_rate", "beta1", "epsilon"},
    "adagrad": {"learning_rate", "epsilon"},
    "adadelta": {"learning_rate", "epsilon", "rho"},
    "rmsprop": {"learning_rate", "epsilon", "rho", "momentum"},
}
STEPS = ((1.0, 0.5), (-0.25, 0.75), (0.5, -2.0), (2.0, 1.0))


def _group_keys() -> st.SearchStrategy[list[Sample]]:
    keys = st.sampled_from(sorted(VALUES))
    return st.fixed_dictionaries(dict.fromkeys(TORCH, keys)).map(
        lambda drawn: [Sample({"name": name, "key": key}) for name, key in drawn.items()]
    )


def _silent(known: dict[str, set[str]], name: str, key: str) -> dict[str, Acceptance]:
    return {"silent": accuracy.exact(key not in known[name] | IN_BOTH)}


@contract(
    "optimizer.group_keys",
    area=AREA,
    samples=_group_keys(),
    tensors=False,
    share=0.25,
    may_be_zero=("silent",),
)
class group_keys:
    """A key of a group of parameters changes its steps, or is refused."""

    note = "A group's own rate is lr in torch, a rate; in paddle learning_rate, a factor of the optimizer's."

    @staticmethod
    def torch(name, key):
        import torch

        weights = [torch.nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2)]
        options = {"momentum": 0.9} if name == "momentum" else {}
        try:
            groups = [{"params": weights[:1]}, {"params": weights[1:], key: VALUES[key]}]
            optimizer = getattr(torch.optim, CLASSES[name][0])(groups, lr=0.1, **options)
        except (TypeError, ValueError):
            return {"silent": False}
        for row in STEPS:
            optimizer.zero_grad()
            sum((weight * torch.tensor(row)).sum() for weight in weights).backward()
            optimizer.step()
        return {"silent": weights[0].tolist() == weights[1].tolist()}

    @staticmethod
    def paddle(name, key):
        import paddle

        weights = [paddle.create_parameter([2], "float32") for _ in range(2)]
        for weight in weights:
            weight.set_value(np.array([1.0, -2.0], np.float32))
        try:
            groups = [{"params": weights[:1]}, {"params": weights[1:], key: VALUES[key]}]
            optimizer = getattr(paddle.optimizer, CLASSES[name][1])(0.1, parameters=groups)
        except (TypeError, ValueError):
            return {"silent": False}
        for row in STEPS:
            optimizer.clear_grad()
            sum((weight * paddle.to_tensor(row)).sum() for weight in weights).backward()
            optimizer.step()
        return {"silent": weights[0].tolist() == weights[1].tolist()}

    @staticmethod
    def oracle(name, key):
        return {"silent": accuracy.exact(False)}

    @staticmethod
    def variant_torch_unknown_kept(name, key):
        return _silent(TORCH, name, key)

    @staticmethod
    def variant_paddle_unknown_kept(name, key):
        return _silent(PADDLE, name, key)


RATE, DECAY = 0.125, 0.5


@contract(
    "state.of_another_decay",
    area=AREA,
    samples=st.tuples(st.booleans(), st.sampled_from((1.0, -2.0, 3.0))).map(
        lambda drawn: Sample({"decoupled": drawn[0], "weight": drawn[1]})
    ),
    tensors=False,
    share=0.3,
    may_be_zero=("decoupled",),
)
class of_another_decay:
    """Adam that loads a state of AdamW decays by the gradient, as Adam does, and AdamW that loads one of Adam apart."""

    @staticmethod
    def torch(decoupled, weight):
        import torch

        classes = [torch.optim.Adam, torch.optim.AdamW]
        saved, loads = (classes[not decoupled], classes[decoupled])
        parameter = torch.nn.Parameter(torch.tensor([weight]))
        first = saved([parameter], lr=RATE, weight_decay=0.0)
        parameter.grad = torch.zeros(1)
        first.step()
        second = loads([parameter], lr=RATE, weight_decay=DECAY)
        second.load_state_dict(first.state_dict())
        second.param_groups[0]["weight_decay"] = DECAY
        second.step()
        return {"decoupled": parameter.item() == weight * (1 - RATE * DECAY)}

    @staticmethod
    def paddle(decoupled, weight):
        import paddle
        from paddle.utils import unique_name

        classes = [paddle.optimizer.Adam, paddle.optimizer.AdamW]

        def start(cls: Any, decay: float) -> Any:
            made = paddle.create_parameter([1], "float32")
            made.set_value(np.array([weight], np.float32))
            return made, cls(RATE, parameters=[made], weight_decay=decay)

        with unique_name.guard():  # names as in a process of its own
            parameter, first = start(classes[not decoupled], 0.0)
            (parameter * 0.0).sum().backward()
            first.step()
        with unique_name.guard():
            parameter, second = start(classes[decoupled], DECAY)
            second.set_state_dict(first.state_dict())
            (parameter * 0.0).sum().backward()
            second.step()
        return {"decoupled": parameter.item() == weight * (1 - RATE * DECAY)}

    @staticmethod
    def oracle(decoupled, weight):
        return {"decoupled": accuracy.exact(decoupled)}

    @staticmethod
    def variant_as_saved(decoupled, weight):
        """Adam takes it over; AdamW sets its own again."""
        return {"decoupled": accuracy.exact(True)}


def _rows() -> st.SearchStrategy[dict[str, Any]]:
    """Gradients of several steps, and after how many the run is stopped."""
    return st.tuples(seeds, st.integers(3, 7), st.integers(1, 5)).map(
        lambda drawn: {"rows": integers(generator(drawn[0]), (drawn[1], 3), 3), "stop": min(drawn[2], drawn[1] - 1)}
    )


def _exact(parts: dict[str, list[Any]]) -> dict[str, Acceptance]:
    return {name: Acceptance(np.stack(rows), dtype="float32") for name, rows in parts.items()}


def _ahead(rows: Any, every: int, start: Any, late: bool = False) -> list[Any]:
    """Parameters after each step. late: slow weights begin where the first step has led."""
    weight = slow = np.asarray(start, np.float64)
    found = []
    for place, row in enumerate(np.asarray(rows, np.float64), start=1):
        weight = weight - 0.25 * row
        if late and place == 1:
            slow = weight
        if place % every == 0:
            weight = slow = slow + 0.5 * (weight - slow)
        found.append(weight)
    return found


@contract(
    "state.look_ahead",
    area=AREA,
    samples=st.tuples(_rows(), st.integers(2, 3)).map(lambda drawn: Sample({**drawn[0], "every": drawn[1]})),
    tensors=False,
    share=0.3,
    covers=("paddle.incubate.LookAhead",),
)
class look_ahead:
    """Every k steps the weights go half of the way from where they were, and a resumed run goes on where it stopped."""

    note = "torch has no LookAhead: the slow weights are a copy that lerp_ moves every k steps."

    @staticmethod
    def torch(rows, every, stop):
        import torch

        def start(values: Any, slow: Any, count: int) -> Any:
            weight = torch.nn.Parameter(values.clone())
            optimizer = torch.optim.SGD([weight], lr=0.25)
            return {"weight": weight, "optimizer": optimizer, "slow": slow.clone(), "count": count}

        def run(state: Any, part: Any) -> list[Any]:
            found = []
            for row in part:
                state["weight"].grad = torch.tensor(row)
                state["optimizer"].step()
                state["count"] += 1
                if state["count"] % every == 0:
                    with torch.no_grad():
                        state["slow"].lerp_(state["weight"], 0.5)
                        state["weight"].copy_(state["slow"])
                found.append(state["weight"].detach().numpy().copy())
            return found

        ones = torch.ones(3)
        whole = run(start(ones, ones, 0), rows)
        before = start(ones, ones, 0)
        first = run(before, rows[:stop])
        rest = run(start(before["weight"].detach(), before["slow"], before["count"]), rows[stop:])
        return {"whole": np.stack(whole), "resumed": np.stack(first + rest)}

    @staticmethod
    def paddle(rows, every, stop):
        import paddle
        from paddle.utils import unique_name

        def start(values: Any) -> Any:
            weight = paddle.create_parameter([3], "float32")
            weight.set_value(values)
            inner = paddle.optimizer.SGD(0.25, parameters=[weight])
            return weight, paddle.incubate.LookAhead(inner, alpha=0.5, k=every)

        def run(pair: Any, part: Any) -> list[Any]:
            (weight, optimizer), found = pair, []
            for row in part:
                (weight * paddle.to_tensor(row)).sum().backward()
                optimizer.step()
                optimizer.clear_grad()
                found.append(weight.numpy().copy())
            return found

        ones = np.ones(3, np.float32)
        with unique_name.guard():  # names as in a process of its own
            whole = run(start(ones), rows)
        with unique_name.guard():
            weight, optimizer = start(ones)
            first = run((weight, optimizer), rows[:stop])
        with unique_name.guard():
            again, resumed = start(first[-1])
            resumed.set_state_dict(optimizer.state_dict())
            rest = run((again, resumed), rows[stop:])
        return {"whole": np.stack(whole), "resumed": np.stack(first + rest)}

    @staticmethod
    def oracle(rows, every, stop):
        found = _ahead(rows, every, np.ones(3))
        return _exact({"whole": found, "resumed": found})

    @staticmethod
    def variant_late(rows, every, stop):
        """The slow weights begin after the first step, and a resumed run begins anew."""
        whole = _ahead(rows, every, np.ones(3), late=True)
        again = _ahead(rows[stop:], every, whole[stop - 1], late=True)
        return _exact({"whole": whole, "resumed": whole[:stop] + again})


@contract(
    "state.average",
    area=AREA,
    samples=_rows().map(Sample),
    tensors=False,
    share=0.3,
    covers=("paddle.incubate.ModelAverage",),
)
class average:
    """The mean of the weights after every step, and that of a resumed run counts the steps before."""

    note = "torch's swa_utils.AveragedModel is paddle's ModelAverage with a window longer than the run."

    @staticmethod
    def torch(rows, stop):
        import copy

        import torch
        from torch.optim.swa_utils import AveragedModel

        def run(pair: Any, part: Any) -> list[Any]:
            (model, averaged), found = pair, []
            optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
            for row in part:
                model.weight.grad = torch.tensor(row[None])
                optimizer.step()
                averaged.update_parameters(model)
                found.append(averaged.module.weight.detach()[0].numpy().copy())
            return found

        def start() -> Any:
            model = torch.nn.Linear(3, 1, bias=False)
            torch.nn.init.ones_(model.weight)
            return model, AveragedModel(model)

        whole = run(start(), rows)
        model, averaged = start()
        first = run((model, averaged), rows[:stop])
        again, resumed = start()
        again.load_state_dict(model.state_dict())
        resumed.load_state_dict(copy.deepcopy(averaged.state_dict()))
        return {"whole": np.stack(whole), "resumed": np.stack(first + run((again, resumed), rows[stop:]))}

    @staticmethod
    def paddle(rows, stop):
        import paddle
        from paddle.utils import unique_name

        def start(values: Any) -> Any:
            weight = paddle.create_parameter([3], "float32")
            weight.set_value(values)
            options = {"min_average_window": 10000, "max_average_window": 10000}
            return weight, paddle.incubate.ModelAverage(1.0, parameters=[weight], **options)

        def run(pair: Any, part: Any) -> list[Any]:
            (weight, averaged), found = pair, []
            optimizer = paddle.optimizer.SGD(0.25, parameters=[weight])
            for row in part:
                (weight * paddle.to_tensor(row)).sum().backward()
                optimizer.step()
                averaged.step()
                optimizer.clear_grad()
                with averaged.apply():
                    found.append(weight.numpy().copy())
            return found

        ones = np.ones(3, np.float32)
        with unique_name.guard():  # names as in a process of its own
            whole = run(start(ones), rows)
        with unique_name.guard():
            weight, averaged = start(ones)
            first = run((weight, averaged), rows[:stop])
        with unique_name.guard():
            again, resumed = start(weight.numpy())
            resumed.set_state_dict(averaged.state_dict())
            rest = run((again, resumed), rows[stop:])
        return {"whole": np.stack(whole), "resumed": np.stack(first + rest)}

    @staticmethod
    def oracle(rows, stop):
        weights = 1.0 - 0.25 * np.cumsum(rows.astype(np.float64), 0)
        sums = np.cumsum(np.abs(weights), 0)
        count = np.arange(1, len(rows) + 1)[:, None]
        found = Acceptance(np.cumsum(weights, 0) / count, 2.0**-24 * 4 * count * sums / count, dtype="float32")
        return {"whole": found, "resumed": found}
