import torch
from fastapi import FastAPI

app = FastAPI()
model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU())
for weights in model.parameters():
    torch.nn.init.ones_(weights)


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/")
def predict() -> dict[str, float]:
    with torch.inference_mode():
        return {"sum": float(model(torch.ones(1, 4)).sum())}
