module aldebaran

go 1.26
