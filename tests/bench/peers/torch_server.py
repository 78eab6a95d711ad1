"""torch_server.py -- PyTorch as a peer, natively on one thread: the training steps of the VAE and the GAN.

A server on stdin and stdout, one JSON object a line:
    {"open": {"model", "params", "adam", "updates", "tensors", "bytes"}}   weights, and the batches and noise of the steps to check -> {}
    {"losses": step}      takes that training step -> {loss: value}
    {"go": count}         so many training steps on the first batch -> {}
Tensors lie as float32 in the file `bytes`, [offset, shape] each.
"""
import ctypes
import json
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)

ACTIVATIONS = {"relu": F.relu, "leaky": lambda x: F.leaky_relu(x, 0.2), "tanh": torch.tanh, "silu": F.silu, "softplus": F.softplus}


def mlp(w, name, x, activation):
    i = 0
    while f"{name}.{i}.weight" in w:
        x = torch.addmm(w[f"{name}.{i}.bias"], ACTIVATIONS[activation](x) if i else x, w[f"{name}.{i}.weight"])
        i += 1
    return x


def vae(w, p, x, eps):
    mu, spread = mlp(w, "encoder", x, p["activation"]).chunk(2, 1)
    log_sigma = spread.clamp(-8, 4)
    out = mlp(w, "decoder", mu + log_sigma.exp() * eps, p["activation"])
    kl = 0.5 * (mu.square() + (2 * log_sigma).exp() - 2 * log_sigma - 1).sum()
    return (F.binary_cross_entropy_with_logits(out, x, reduction="sum") + p["beta"] * kl) / len(x)


def judge(w, p, x):
    return mlp(w, "critic", x, p["activation"])


def critic(w, p, x, z):
    with torch.no_grad():
        fake = mlp(w, "generator", z, p["activation"])
    return F.softplus(-judge(w, p, x)).mean() + F.softplus(judge(w, p, fake)).mean()


def generator(w, p, z):
    return F.softplus(-judge(w, p, mlp(w, "generator", z, p["activation"]))).mean()


VALUES = {"vae": [vae], "gan": [critic, generator]}


class Training:
    def __init__(self, model, params, adam, updates, tensors, bytes):
        with open(bytes, "rb") as file:
            raw = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
        read = lambda at: raw[at[0]:at[0] + torch.Size(at[1]).numel()].reshape(at[1]).clone()
        self.params = params
        self.w = {name: read(at).requires_grad_() for name, at in tensors.items()}
        self.updates = []
        for value, update in zip(VALUES[model], updates):
            learn = [self.w[name] for name in update["learns"]]
            self.updates.append({
                "loss": update["loss"], "value": value, "learn": learn, "rates": update["rates"],
                "inputs": [{name: read(at) for name, at in step.items()} for step in update["inputs"]],
                "adam": torch.optim.Adam(learn, lr=0, betas=(adam["beta1"], adam["beta2"]), eps=1e-8),
            })

    def take(self, step):
        return {update["loss"]: self.update(update, step) for update in self.updates}

    def update(self, update, step):
        loss = update["value"](self.w, self.params, **update["inputs"][step])
        # Of these weights only: the critic's gradient is nobody's business in the generator's update.
        for weight, gradient in zip(update["learn"], torch.autograd.grad(loss, update["learn"])):
            weight.grad = gradient
        update["adam"].param_groups[0]["lr"] = update["rates"][step]
        update["adam"].step()
        return loss


def kernel():
    """What OpenBLAS chose for this machine, where it is OpenBLAS."""
    try:
        name = ctypes.CDLL("libopenblas.so.0").openblas_get_corename
    except (OSError, AttributeError):
        return "unknown BLAS"
    name.restype = ctypes.c_char_p
    return f"OpenBLAS {name().decode()}"


def main():
    print(json.dumps({"version": torch.__version__, "kernel": kernel()}), flush=True)
    training = None
    for line in sys.stdin:
        (verb, argument), = json.loads(line).items()
        answer = {}
        if verb == "open":
            training = Training(**argument)
        elif verb == "losses":
            answer = {name: float(loss) for name, loss in training.take(argument).items()}
        elif verb == "go":
            for _ in range(argument):
                training.take(0)
        print(json.dumps(answer), flush=True)


main()
