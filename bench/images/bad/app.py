import torch

torch.manual_seed(7)
product = torch.rand(64, 64) @ torch.rand(64, 64)
print(f"{torch.__version__} {product.sum().item():.3f}")
