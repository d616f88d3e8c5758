// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/panel.h"

#include <QContextMenuEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QImage>
#include <QLabel>
#include <QMenu>
#include <QMessageBox>
#include <QMouseEvent>
#include <QPainter>
#include <QSaveFile>
#include <QSvgGenerator>
#include <QVBoxLayout>

#include "ui/bridge/run_history.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

namespace {

/// Words that give way show where they were cut.
class Subtitle : public QLabel {
 public:
  using QLabel::QLabel;

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(rect(), Qt::AlignVCenter | Qt::AlignLeft,
                     fontMetrics().elidedText(text(), Qt::ElideRight, width()));
  }
};

}  // namespace

/// Parented to the panel, so it goes with it.
struct Panel::Chrome : QObject {
  explicit Chrome(QObject* parent) : QObject(parent) {}
  QWidget *header = nullptr, *titleWidget = nullptr;
  QLabel *title = nullptr, *subtitle = nullptr, *badge = nullptr;
  QHBoxLayout* right = nullptr;
  QVBoxLayout* column = nullptr;

  void dress() {
    const Theme& theme = Theme::instance();
    const auto ink = [&](QLabel* label, Type type, Role role) {
      label->setFont(theme.font(type));
      QPalette palette = label->palette();
      palette.setColor(QPalette::WindowText, theme.color(role));
      label->setPalette(palette);
    };
    ink(title, Type::title13, Role::text);
    ink(subtitle, Type::caption12, Role::text2);
    ink(badge, Type::tick11, Role::flagText);
    QPalette ground = badge->palette();
    ground.setColor(QPalette::Window, theme.color(Role::flagGround));
    badge->setPalette(ground);
    badge->setContentsMargins(theme.px(6), theme.px(1), theme.px(6), theme.px(1));
    header->setFixedHeight(theme.px(28));
    column->setContentsMargins(theme.px(16), theme.px(4), theme.px(16), theme.px(8));
    column->setSpacing(theme.px(4));
  }
};

Panel::Panel(const QString& title, RunHistory& history, Selection& selection, QWidget* parent)
    : QFrame(parent), history_(history), selection_(selection), title_(title), chrome_(new Chrome(this)) {
  setFrameShape(QFrame::NoFrame);
  setAutoFillBackground(true);
  setAccessibleName(title);
  chrome_->header = new QWidget(this);
  chrome_->title = new QLabel(title, chrome_->header);
  chrome_->subtitle = new Subtitle(chrome_->header);
  chrome_->subtitle->setMinimumWidth(0);
  chrome_->subtitle->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  chrome_->badge = new QLabel(chrome_->header);
  chrome_->badge->setAutoFillBackground(true);
  chrome_->badge->hide();
  auto* row = new QHBoxLayout(chrome_->header);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(10);
  row->addWidget(chrome_->title);
  row->addWidget(chrome_->subtitle, 1);
  row->addWidget(chrome_->badge);
  chrome_->right = new QHBoxLayout;
  chrome_->right->setSpacing(8);
  row->addLayout(chrome_->right);
  chrome_->column = new QVBoxLayout(this);
  chrome_->column->addWidget(chrome_->header);
  chrome_->dress();
  connect(&history, &RunHistory::updated, this, &Panel::onUpdated);
  connect(&history, &RunHistory::runChanged, this, &Panel::onUpdated);
  connect(&Theme::instance(), &Theme::changed, this, [this] {
    chrome_->dress();
    onUpdated();
    if (body_) body_->update();
  });
}

void Panel::setTitle(const QString& title) {
  if (title == title_) return;
  title_ = title;
  chrome_->title->setText(title);
  setAccessibleName(title);
}

void Panel::setTitleShown(bool shown) { chrome_->title->setVisible(shown && !chrome_->titleWidget); }

void Panel::setSubtitle(const QString& text) {
  if (chrome_->subtitle->text() != text) chrome_->subtitle->setText(text);
}

void Panel::setBadge(const QString& text) {
  if (chrome_->badge->text() != text) chrome_->badge->setText(text);
  chrome_->badge->setVisible(!text.isEmpty());
}

QHBoxLayout* Panel::headerLayout() const { return chrome_->right; }

void Panel::setTitleWidget(QWidget* widget) {
  auto* row = static_cast<QHBoxLayout*>(chrome_->header->layout());
  delete chrome_->titleWidget;
  chrome_->titleWidget = widget;
  chrome_->title->setVisible(widget == nullptr);
  chrome_->subtitle->setMaximumHeight(widget ? 0 : QWIDGETSIZE_MAX);  // its stretch keeps the controls at the right
  if (widget) row->insertWidget(0, widget);
}

void Panel::setBody(QWidget* body) {
  if (body_ == body) return;
  delete body_;
  body_ = body;
  chrome_->column->addWidget(body, 1);
}

QString Panel::savePicture(const QString& file, qreal scale) {
  if (!body_ || body_->size().isEmpty()) return tr("%1 has no picture yet. Show the panel first.").arg(title_);
  QString name = file;
  if (QFileInfo(name).suffix().isEmpty()) name += QStringLiteral(".png");
  const QString problem = tr("Couldn't write %1: %2. Choose another folder.");
  if (name.endsWith(QLatin1String(".svg"), Qt::CaseInsensitive)) {
    QFile probe(name);  // QSvgGenerator would only log that the file cannot be opened
    if (!probe.open(QIODevice::WriteOnly)) return problem.arg(name, probe.errorString());
    QSvgGenerator svg;
    svg.setOutputDevice(&probe);
    svg.setSize(body_->size());
    svg.setViewBox(QRect(QPoint(), body_->size()));
    svg.setTitle(title_);
    QPainter painter(&svg);
    painter.fillRect(body_->rect(), Theme::instance().color(Role::canvas));
    body_->render(&painter, QPoint(), QRegion(), QWidget::DrawChildren);
    painter.end();
    probe.flush();
    return probe.error() == QFile::NoError ? QString() : problem.arg(name, probe.errorString());
  }
  if (!name.endsWith(QLatin1String(".png"), Qt::CaseInsensitive))
    return tr("A picture is saved as .png or .svg; %1 ends in neither.").arg(QFileInfo(name).fileName());
  QImage image(body_->size() * scale, QImage::Format_RGB32);
  image.setDevicePixelRatio(scale);
  image.fill(Theme::instance().color(Role::canvas));
  body_->render(&image, QPoint(), QRegion(), QWidget::DrawChildren);
  QFile out(name);
  if (!out.open(QIODevice::WriteOnly)) return problem.arg(name, out.errorString());
  if (!image.save(&out, "PNG") || !out.flush()) return problem.arg(name, out.errorString());
  return {};
}

QString Panel::saveCsv(const QString& file) const {
  QString name = file;
  if (QFileInfo(name).suffix().isEmpty()) name += QStringLiteral(".csv");
  const auto line = [](const QStringList& cells) {
    QStringList out;
    for (QString cell : cells) {
      const bool quote = cell.contains(QLatin1Char(',')) || cell.contains(QLatin1Char('"')) ||
                         cell.contains(QLatin1Char('\n')) || cell.contains(QLatin1Char('\r'));
      out << (quote ? QLatin1Char('"') + cell.replace(QLatin1Char('"'), QLatin1String("\"\"")) + QLatin1Char('"')
                    : cell);
    }
    return out.join(QLatin1Char(',')).toUtf8() + '\n';
  };
  QFile out(name);
  const QString problem = tr("Couldn't write %1: %2. Choose another folder.");
  if (!out.open(QIODevice::WriteOnly)) return problem.arg(name, out.errorString());
  const PanelTable values = table();
  QByteArray text = line(values.columns);
  for (const QStringList& row : values.rows) text += line(row);
  if (out.write(text) != text.size() || !out.flush()) return problem.arg(name, out.errorString());
  return {};
}

void Panel::onUpdated() {
  if (!isVisible()) {
    stale_ = true;
    return;
  }
  stale_ = false;
  refresh();
}

void Panel::showEvent(QShowEvent* event) {
  QFrame::showEvent(event);
  if (!stale_) return;
  stale_ = false;
  refresh();
}

void Panel::mouseDoubleClickEvent(QMouseEvent* event) {
  if (event->position().y() <= chrome_->header->geometry().bottom()) emit maximiseRequested();
  QFrame::mouseDoubleClickEvent(event);
}

void Panel::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu(this);
  menu.addAction(tr("Maximise or restore"), this, &Panel::maximiseRequested);
  menu.addAction(tr("Show as table"), this, &Panel::tableRequested);
  menu.addSeparator();
  const auto say = [this](const QString& problem) {
    if (!problem.isEmpty()) QMessageBox::warning(this, title_, problem);
  };
  menu.addAction(tr("Save picture…"), this, [this, say] {
    const QString file = QFileDialog::getSaveFileName(this, tr("Save picture"), title_ + QStringLiteral(".png"),
                                                      tr("Pictures (*.png *.svg)"));
    if (!file.isEmpty()) say(savePicture(file));
  });
  menu.addAction(tr("Save values as CSV…"), this, [this, say] {
    const QString file =
        QFileDialog::getSaveFileName(this, tr("Save values"), title_ + QStringLiteral(".csv"), tr("Values (*.csv)"));
    if (!file.isEmpty()) say(saveCsv(file));
  });
  menu.exec(event->globalPos());
}

}  // namespace moe::ui
