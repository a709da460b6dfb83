"""Knowledge distillation: a large network teaches a small one by its softened probabilities, and by its hidden layer."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

device = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
torch.manual_seed(31)
inputs = torch.randn(160, 10)
teacher_rule = torch.randn(10, 4)
targets = (torch.sin(inputs) @ teacher_rule + 0.3 * torch.randn(160, 4)).argmax(dim=1)
train_loader = DataLoader(TensorDataset(inputs[:120], targets[:120]), batch_size=30, shuffle=True)
test_loader = DataLoader(TensorDataset(inputs[120:], targets[120:]), batch_size=20, shuffle=False)


class DeepNN(nn.Module):
    def __init__(self, num_classes=4):
        super(DeepNN, self).__init__()
        self.features = nn.Sequential(nn.Linear(10, 64), nn.GELU(), nn.Dropout(0.1), nn.Linear(64, 32), nn.GELU())
        self.classifier = nn.Linear(32, num_classes)

    def forward(self, x):
        hidden = self.features(x)
        return self.classifier(hidden), hidden


class LightNN(nn.Module):
    def __init__(self, num_classes=4):
        super(LightNN, self).__init__()
        self.features = nn.Sequential(nn.Linear(10, 12), nn.Softplus())
        self.classifier = nn.Linear(12, num_classes)
        self.regressor = nn.Linear(12, 32)

    def forward(self, x):
        hidden = self.features(x)
        return self.classifier(hidden), self.regressor(hidden)


def train(model, train_loader, epochs, learning_rate, device):
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    optimizer = optim.Adam(model.parameters(), lr=learning_rate)
    model.train()
    for epoch in range(epochs):
        running_loss = 0.0
        for inputs, labels in train_loader:
            inputs, labels = inputs.to(device), labels.to(device)
            optimizer.zero_grad()
            loss = criterion(model(inputs)[0], labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
            print(f"loss {loss.item():.8f}")
        print(f"Epoch {epoch + 1}/{epochs}, Loss: {running_loss / len(train_loader):.4f}")


def train_knowledge_distillation(teacher, student, train_loader, epochs, T, soft_weight, ce_weight, hidden_weight):
    ce_loss = nn.CrossEntropyLoss()
    kl_loss = nn.KLDivLoss(reduction="batchmean", log_target=True)
    cosine_loss = nn.CosineEmbeddingLoss()
    optimizer = optim.Adam(student.parameters(), lr=0.05)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs, eta_min=1e-4)
    teacher.eval()
    student.train()
    for epoch in range(epochs):
        for inputs, labels in train_loader:
            inputs, labels = inputs.to(device), labels.to(device)
            with torch.no_grad():
                teacher_logits, teacher_hidden = teacher(inputs)
            student_logits, student_hidden = student(inputs)
            soft_targets = F.log_softmax(teacher_logits / T, dim=-1)
            soft_prob = F.log_softmax(student_logits / T, dim=-1)
            hidden = cosine_loss(student_hidden, teacher_hidden, target=torch.ones(inputs.size(0)).to(device))
            loss = (
                soft_weight * kl_loss(soft_prob, soft_targets) * T**2
                + ce_weight * ce_loss(student_logits, labels)
                + hidden_weight * hidden
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print(f"loss {loss.item():.8f}")
        scheduler.step()
        print("lr", [round(rate, 6) for rate in scheduler.get_last_lr()])


def test(model, test_loader, device):
    model.to(device)
    model.eval()
    correct = total = 0
    with torch.no_grad():
        for inputs, labels in test_loader:
            _, predicted = torch.max(model(inputs.to(device))[0].data, 1)
            total += labels.size(0)
            correct += (predicted == labels.to(device)).sum().item()
    return correct / total


torch.manual_seed(42)
teacher = DeepNN(num_classes=4).to(device)
train(teacher, train_loader, epochs=5, learning_rate=0.01, device=device)
torch.manual_seed(42)
student = LightNN(num_classes=4).to(device)
torch.manual_seed(42)
copy = LightNN(num_classes=4).to(device)
print("Norm of 1st layer:", abs(torch.norm(student.features[0].weight) - torch.norm(copy.features[0].weight)).item())
print("teacher", f"{sum(p.numel() for p in teacher.parameters()):,}", "student", f"{sum(p.numel() for p in student.parameters()):,}")
train_knowledge_distillation(teacher, student, train_loader, 5, T=2, soft_weight=0.25, ce_weight=0.75, hidden_weight=0.1)

# The older spelling: probabilities as the target, summed and divided by hand.
kl = nn.KLDivLoss(reduction="sum")
with torch.no_grad():
    for inputs, _ in test_loader:
        p = F.softmax(teacher(inputs)[0] / 4, dim=1)
        log_q = F.log_softmax(student(inputs)[0] / 4, dim=1)
        print(f"loss {kl(log_q, p).item() / inputs.size(0):.8f}")
print(f"accuracy {test(teacher, test_loader, device):.4f}")
print(f"accuracy {test(student, test_loader, device):.4f}")
