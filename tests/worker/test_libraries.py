"""Trainers of other libraries inside a gang: they find the process group and the variables."""

import numpy as np
import pytest

from sweeper.core.records import Success

pytest.importorskip("torch")

LIGHTNING = """
import warnings
import torch
from lightning.pytorch import LightningModule, Trainer
from torch.utils.data import TensorDataset

class Line(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch, index):
        X, y = batch
        loss = torch.nn.functional.mse_loss(self.layer(X).squeeze(1), y)
        self.log("loss", loss, sync_dist=True)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

def train(trial):
    torch.manual_seed(trial.seed)
    data = trial.data
    rows = TensorDataset(torch.tensor(data.X_train).float(), torch.tensor(data.y_train).float())
    trainer = Trainer(
        max_epochs=3, accelerator="cpu", devices=trial.world_size, strategy="ddp",
        use_distributed_sampler=False, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )
    model = Line()
    trainer.fit(model, trial.loader(rows, batch_size=12))
    print("WORLD", trainer.world_size, trainer.global_rank)
    loss = float(trainer.callback_metrics["loss"])
    trial.report(0, loss=loss, weight=float(model.layer.weight.sum()))
"""

TRANSFORMERS = """
import os
import torch
from transformers import Trainer, TrainingArguments

class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def forward(self, x, labels):
        out = self.layer(x).squeeze(1)
        return {"loss": torch.nn.functional.mse_loss(out, labels), "logits": out}

def train(trial):
    data = trial.data
    rows = [
        {"x": torch.tensor(x).float(), "labels": torch.tensor(float(y))}
        for x, y in zip(data.X_train, data.y_train)
    ]
    arguments = TrainingArguments(
        output_dir=trial.params["folder"], num_train_epochs=2, per_device_train_batch_size=6,
        use_cpu=True, report_to=[], save_strategy="no", disable_tqdm=True, seed=trial.seed % 2**31,
    )
    model = Line()
    ended = Trainer(model, arguments, train_dataset=rows).train()
    print("WORLD", arguments.world_size, arguments.process_index)
    trial.report(0, loss=ended.training_loss, weight=float(model.layer.weight.sum()))
"""


@pytest.fixture
def gang_job(make_job, user_module, tmp_path):
    from dataclasses import replace

    from sweeper.core.space import Fixed

    def make(source):
        X, y = np.random.default_rng(0).normal(size=(60, 4)), np.arange(60.0) % 3
        job = make_job(X, y, train=f"{user_module(source)}:train", metrics=("loss",))
        nodes = (("folder", Fixed(str(tmp_path / "out"))),)
        return replace(job, spec=replace(job.spec, train=replace(job.spec.train, parameters=nodes)))

    return make


@pytest.mark.parametrize(
    ("library", "source"), [("lightning", LIGHTNING), ("transformers", TRANSFORMERS)]
)
def test_a_trainer_of_another_library_trains_on_all_ranks(library, source, gang_job):
    pytest.importorskip(library)
    from ranks import Gang

    gang = Gang(2)
    try:
        answers = gang.run(gang_job(source))
    finally:
        gang.close()
    for rank, answer in enumerate(answers):
        assert isinstance(answer.result.outcome, Success), answer.result.log
        assert f"WORLD 2 {rank}" in answer.result.log
        assert answer.result.dirty == ""
