"""A training function: called once for every fold of a trial, and once more for the refit."""

import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, roc_auc_score


def train(trial):
    data, params = trial.data, trial.params
    classes = np.unique(data.y_train)
    model = SGDClassifier(
        loss="log_loss",
        penalty=params["penalty"],
        alpha=params["alpha"],
        learning_rate="constant",
        eta0=params["rate"],
        random_state=trial.seed,
    )
    order = np.random.default_rng(trial.seed)
    malignant = list(classes).index("malignant")
    for epoch in trial.epochs(params["epochs"]):
        rows = order.permutation(len(data.y_train))
        model.partial_fit(data.X_train[rows], data.y_train[rows], classes=classes)
        chance = model.predict_proba(data.X_valid)[:, malignant]
        auc = roc_auc_score(data.y_valid == "malignant", chance)
        trial.report(epoch, roc_auc=auc)  # the learning curve
    trial.save(model)  # what to register if this trial wins
    return {"roc_auc": auc, "accuracy": accuracy_score(data.y_valid, model.predict(data.X_valid))}
